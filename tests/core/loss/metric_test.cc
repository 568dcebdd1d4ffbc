#include "core/loss/metric.h"

#include <cmath>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

MetricSums Classes(std::vector<double> probabilities, std::vector<int32_t> truth) {
  std::vector<double> weights(truth.size(), 1.0);
  const int64_t rows = static_cast<int64_t>(truth.size());
  const int64_t columns = static_cast<int64_t>(probabilities.size()) / rows;
  MetricSums sums;
  sums.Add(0, MatrixView<double>{probabilities.data(), rows, columns, columns}, TargetBuffer{truth, {}, weights});
  return sums;
}

TEST(MetricSumsTest, AccuracyIsTheShareOfExamplesWhoseMostProbableClassIsTrue) {
  const MetricSums sums = Classes({0.9, 0.1, 0.2, 0.8, 0.6, 0.4, 0.3, 0.7}, {0, 0, 0, 1});
  EXPECT_DOUBLE_EQ(sums.Value(Metric::kAccuracy), 3.0 / 4);
  EXPECT_DOUBLE_EQ(sums.Value(Metric::kZeroOneError), 1.0 / 4);
}

TEST(MetricSumsTest, OfEqualOutputsTheFirstClassCounts) {
  EXPECT_EQ(Classes({0.5, 0.5}, {0}).Value(Metric::kAccuracy), 1);
  EXPECT_EQ(Classes({0.5, 0.5}, {1}).Value(Metric::kAccuracy), 0);
}

TEST(MetricSumsTest, LogLossIsTheMeanOfMinusLogOfTheTrueClass) {
  EXPECT_DOUBLE_EQ(Classes({0.9, 0.1, 0.2, 0.8}, {0, 1}).Value(Metric::kLogLoss), -(std::log(0.9) + std::log(0.8)) / 2);
}

TEST(MetricSumsTest, RmseIsTheRootOfTheMeanSquaredError) {
  std::vector<double> predictions = {1, 2, 5};
  std::vector<double> truth = {1, 4, 4};
  std::vector<double> weights = {1, 1, 1};
  MetricSums sums;
  sums.Add(0, MatrixView<double>{predictions.data(), 3, 1, 1}, TargetBuffer{{}, truth, weights});
  EXPECT_DOUBLE_EQ(sums.Value(Metric::kRmse), std::sqrt((0.0 + 4 + 1) / 3));
}

TEST(MetricSumsTest, TheSurrogateLossIsTheSumByTheNumberOfExamples) {
  std::vector<double> predictions = {1, 2};
  std::vector<double> truth = {0, 0};
  std::vector<double> weights = {1, 1};
  MetricSums sums;
  sums.Add(3.5, MatrixView<double>{predictions.data(), 2, 1, 1}, TargetBuffer{{}, truth, weights});
  EXPECT_DOUBLE_EQ(sums.Value(Metric::kLoss), 3.5 / 2);
}

TEST(MetricSumsTest, NoExamplesGiveNaN) { EXPECT_TRUE(std::isnan(MetricSums().Value(Metric::kAccuracy))); }

TEST(MetricTest, FitsClassesOrNumbers) {
  for (const Metric metric : DefaultMetrics(true)) EXPECT_TRUE(Fits(metric, true)) << Name(metric);
  for (const Metric metric : DefaultMetrics(false)) EXPECT_TRUE(Fits(metric, false)) << Name(metric);
  EXPECT_FALSE(Fits(Metric::kRmse, true));
  EXPECT_FALSE(Fits(Metric::kAccuracy, false));
  EXPECT_TRUE(Fits(Metric::kLoss, true) && Fits(Metric::kLoss, false));
}

}  // namespace
}  // namespace trainyard
