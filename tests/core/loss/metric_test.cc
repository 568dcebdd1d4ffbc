#include "core/loss/metric.h"

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(MetricTest, FitsClassesOrNumbers) {
  for (const Metric metric : DefaultMetrics(true)) EXPECT_TRUE(Fits(metric, true)) << Name(metric);
  for (const Metric metric : DefaultMetrics(false)) EXPECT_TRUE(Fits(metric, false)) << Name(metric);
  for (const Metric metric : kAllMetrics) {
    EXPECT_NE(Fits(metric, true) && Fits(metric, false), metric != Metric::kLoss) << Name(metric);
    EXPECT_TRUE(Fits(metric, true) || Fits(metric, false)) << Name(metric);
  }
}

TEST(MetricTest, TopFiveUnlessThereAreTooFewClasses) {
  EXPECT_EQ(DefaultTopK(100), 5);
  EXPECT_EQ(DefaultTopK(6), 5);
  EXPECT_EQ(DefaultTopK(5), 4);
  EXPECT_EQ(DefaultTopK(2), 1);
}

TEST(MetricTest, OnlyTheAreaUnderTheCurveKeepsWhatItMeasured) {
  EXPECT_EQ(MeasuringBytes({.metrics = {Metric::kAccuracy, Metric::kMacroF1}, .class_count = 10}, 1000), 0);
  EXPECT_EQ(MeasuringBytes({.metrics = {Metric::kAuc}, .class_count = 2}, 1000), 1000 * (8 + 8 + 4));
  EXPECT_EQ(MeasuringBytes({.metrics = {Metric::kAuc}, .class_count = 10}, 1000), 1000 * (80 + 8 + 4));
}

}  // namespace
}  // namespace trainyard
