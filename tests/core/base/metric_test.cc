#include "core/base/metric.h"

#include <set>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(MetricTest, SharesRanksAndExplainedVarianceAreBetterWhenLargerErrorsWhenSmaller) {
  for (const Metric metric : {Metric::kAccuracy, Metric::kTopKAccuracy, Metric::kMacroF1, Metric::kAuc, Metric::kR2}) {
    EXPECT_TRUE(LargerIsBetter(metric)) << Name(metric);
  }
  for (const Metric metric : {Metric::kLoss, Metric::kZeroOneError, Metric::kLogLoss, Metric::kRmse, Metric::kMae}) {
    EXPECT_FALSE(LargerIsBetter(metric)) << Name(metric);
  }
}

TEST(MetricTest, EveryMetricHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const Metric metric : kAllMetrics) names.insert(Name(metric));
  EXPECT_EQ(names.size(), std::size(kAllMetrics));
  EXPECT_EQ(names.count(""), 0u);
}

}  // namespace
}  // namespace trainyard
