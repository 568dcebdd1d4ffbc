#include "core/train/early_stopping.h"

#include <cmath>

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

// The evaluation, counted from 1, at which patience runs out; 0: never.
int StopsAt(const EarlyStoppingOptions& options, const std::vector<double>& values) {
  EarlyStopping stopping(options);
  for (size_t i = 0; i < values.size(); ++i) {
    stopping.Update(static_cast<int64_t>(i), values[i]);
    if (stopping.out_of_patience()) return static_cast<int>(i) + 1;
  }
  return 0;
}

EarlyStoppingOptions Error(int patience, double min_change = 0) {
  return {.metric = Metric::kZeroOneError, .patience = patience, .min_change = min_change};
}

TEST(EarlyStoppingTest, StopsAfterPatienceEvaluationsInARowWithoutImprovement) {
  EXPECT_EQ(StopsAt(Error(2), {0.5, 0.4, 0.4, 0.45}), 4);
  EXPECT_EQ(StopsAt(Error(3), {0.5, 0.4, 0.4, 0.45}), 0);
}

TEST(EarlyStoppingTest, AnImprovementRenewsPatience) { EXPECT_EQ(StopsAt(Error(2), {0.5, 0.6, 0.4, 0.6, 0.6}), 5); }

TEST(EarlyStoppingTest, AChangeOfExactlyMinChangeIsNoImprovement) {
  EXPECT_EQ(StopsAt(Error(1, 0.125), {0.5, 0.375}), 2);
  EXPECT_EQ(StopsAt(Error(1, 0.0625), {0.5, 0.375}), 0);
}

TEST(EarlyStoppingTest, NaNIsNoImprovementNotEvenTheFirst) {
  EarlyStopping stopping(Error(2));
  EXPECT_FALSE(stopping.Update(1, std::nan("")).improved);
  EXPECT_FALSE(stopping.state().has_best);
  EXPECT_TRUE(stopping.Update(2, 0.9).improved);
}

TEST(EarlyStoppingTest, OfAccuracyTheLargerIsBetter) {
  EXPECT_EQ(StopsAt({.metric = Metric::kAccuracy, .patience = 1}, {0.5, 0.6, 0.7, 0.7}), 4);
}

TEST(EarlyStoppingTest, ReportsTheBestAndThePatienceLeft) {
  EarlyStopping stopping(Error(3));
  stopping.Update(10, 0.5);
  const PatienceReport report = stopping.Update(20, 0.6);
  EXPECT_EQ(report.best_step, 10);
  EXPECT_EQ(report.best_value, 0.5);
  EXPECT_EQ(report.left, 2);
  EXPECT_FALSE(report.improved);
}

TEST(EarlyStoppingTest, AsLongAsThereIsNoBestItsValueIsNaN) {
  EarlyStopping stopping(Error(3));
  EXPECT_TRUE(std::isnan(stopping.Update(10, std::nan("")).best_value));
  EXPECT_EQ(stopping.Update(20, 0.5).best_value, 0.5);
}

TEST(EarlyStoppingTest, AMovingAverageComparesMeansOfTheNewestValues) {
  EarlyStoppingOptions options = Error(3);
  options.moving_average = 2;
  EarlyStopping stopping(options);
  EXPECT_EQ(stopping.Update(1, 0.8).value, 0.8);
  EXPECT_EQ(stopping.Update(2, 0.4).value, (0.8 + 0.4) / 2);
  const PatienceReport report = stopping.Update(3, 0.6);
  EXPECT_EQ(report.value, (0.4 + 0.6) / 2);
  EXPECT_TRUE(report.improved);
  EXPECT_EQ(report.best_value, 0.5);
  EXPECT_EQ(report.best_step, 3);
}

TEST(EarlyStoppingTest, AMeanThatHoldsNaNIsNoImprovement) {
  EarlyStoppingOptions options = Error(3);
  options.moving_average = 2;
  EarlyStopping stopping(options);
  stopping.Update(1, 0.8);
  EXPECT_FALSE(stopping.Update(2, std::nan("")).improved);
  EXPECT_FALSE(stopping.Update(3, 0.1).improved);
  EXPECT_TRUE(stopping.Update(4, 0.1).improved);
}

TEST(EarlyStoppingTest, ARestoredAverageGoesOnWithItsValues) {
  EarlyStoppingOptions options = Error(3);
  options.moving_average = 3;
  EarlyStopping whole(options);
  whole.Update(1, 0.7);
  whole.Update(2, 0.5);
  EarlyStopping restored(options);
  restored.Restore(whole.state());
  EXPECT_EQ(restored.Update(3, 0.1).value, whole.Update(3, 0.1).value);
}

TEST(EarlyStoppingTest, ARestoredOneGoesOnWhereItWas) {
  EarlyStopping stopping(Error(3));
  stopping.Restore({.has_best = true, .best_value = 0.5, .best_step = 10, .patience_used = 2});
  stopping.Update(40, 0.6);
  EXPECT_TRUE(stopping.out_of_patience());
}

TEST(EarlyStoppingOptionsTest, NamesTheFirstOptionOutOfRange) {
  EXPECT_EQ(Validate(Error(0)).message(), "patience = 0, must be at least 1");
  EXPECT_EQ(Validate(Error(1, -1)).message(), "min_change = -1, must be at least 0 and finite");
  EXPECT_EQ(Validate(Error(1, std::nan(""))).message(), "min_change = nan, must be at least 0 and finite");
}

}  // namespace
}  // namespace trainyard
