#include "core/optim/plateau_schedule.h"

#include <cmath>

#include "core/base/status.h"
#include "core/optim/make_schedule.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(PlateauScheduleTest, IsReducedAfterPatienceEvaluationsWithoutImprovement) {
  PlateauSchedule schedule(0.8, {.factor = 0.5, .patience = 2});
  EXPECT_FALSE(schedule.Observe(10, 1.0));
  EXPECT_FALSE(schedule.Observe(20, 1.0));
  EXPECT_EQ(schedule.At(20), 0.8);
  EXPECT_TRUE(schedule.Observe(30, 1.1));
  EXPECT_EQ(schedule.At(30), 0.4);
}

TEST(PlateauScheduleTest, AnImprovementStartsThePatienceAnew) {
  PlateauSchedule schedule(0.8, {.factor = 0.5, .patience = 2});
  EXPECT_FALSE(schedule.Observe(10, 1.0));
  EXPECT_FALSE(schedule.Observe(20, 1.0));
  EXPECT_FALSE(schedule.Observe(30, 0.9));
  EXPECT_FALSE(schedule.Observe(40, 0.9));
  EXPECT_TRUE(schedule.Observe(50, 0.9));
}

TEST(PlateauScheduleTest, EachReductionNeedsItsOwnPatience) {
  PlateauSchedule schedule(0.8, {.factor = 0.5, .patience = 2});
  EXPECT_FALSE(schedule.Observe(10, 1));
  EXPECT_FALSE(schedule.Observe(20, 1));
  EXPECT_TRUE(schedule.Observe(30, 1));
  EXPECT_FALSE(schedule.Observe(40, 1));
  EXPECT_TRUE(schedule.Observe(50, 1));
  EXPECT_EQ(schedule.At(50), 0.2);
}

TEST(PlateauScheduleTest, AnImprovementIsLargerThanMinChange) {
  PlateauSchedule schedule(1, {.patience = 1, .min_change = 0.5});
  EXPECT_FALSE(schedule.Observe(1, 2.0));
  EXPECT_TRUE(schedule.Observe(2, 1.5));
  EXPECT_FALSE(schedule.Observe(3, 1.25));
  EXPECT_EQ(schedule.best()->value, 1.25);
  EXPECT_EQ(schedule.best()->step, 3);
}

TEST(PlateauScheduleTest, KnowsWhereLargerIsBetter) {
  PlateauSchedule schedule(1, {.patience = 1, .metric = Metric::kAccuracy});
  EXPECT_EQ(schedule.metric(), Metric::kAccuracy);
  EXPECT_FALSE(schedule.Observe(1, 0.5));
  EXPECT_FALSE(schedule.Observe(2, 0.6));
  EXPECT_TRUE(schedule.Observe(3, 0.5));
}

TEST(PlateauScheduleTest, NanIsNoImprovement) {
  PlateauSchedule schedule(1, {.patience = 2});
  EXPECT_FALSE(schedule.Observe(1, NAN));
  EXPECT_FALSE(schedule.best().has_value());
  EXPECT_TRUE(schedule.Observe(2, NAN));
  EXPECT_FALSE(schedule.Observe(3, 1e9));
  EXPECT_EQ(schedule.best()->value, 1e9);
}

TEST(PlateauScheduleTest, IsNeverReducedBelowTheSmallestRate) {
  PlateauSchedule schedule(1, {.patience = 1, .min_learning_rate = 0.04});
  schedule.Observe(1, 1);
  EXPECT_TRUE(schedule.Observe(2, 1));
  EXPECT_DOUBLE_EQ(schedule.At(2), 0.1);
  EXPECT_TRUE(schedule.Observe(3, 1));
  EXPECT_EQ(schedule.At(3), 0.04);
  EXPECT_FALSE(schedule.Observe(4, 1));
  EXPECT_EQ(schedule.At(4), 0.04);
}

TEST(PlateauScheduleTest, ARateThatBeginsBelowTheSmallestStays) {
  PlateauSchedule schedule(0.01, {.patience = 1, .min_learning_rate = 0.1});
  schedule.Observe(1, 1);
  EXPECT_FALSE(schedule.Observe(2, 1));
  EXPECT_EQ(schedule.At(2), 0.01);
}

TEST(PlateauScheduleTest, RestoringItsStateRestoresIt) {
  const ReduceOnPlateauOptions options = {.factor = 0.5, .patience = 2};
  PlateauSchedule whole(1, options);
  for (int64_t k = 1; k <= 4; ++k) whole.Observe(k, 1);
  PlateauSchedule resumed(1, options);
  ASSERT_TRUE(resumed.Restore(whole.state()).ok());
  EXPECT_EQ(resumed.At(4), whole.At(4));
  EXPECT_EQ(resumed.best()->step, 1);
  EXPECT_TRUE(resumed.Observe(5, 1));
  EXPECT_EQ(resumed.At(5), 0.25);
}

TEST(PlateauScheduleTest, AStateOfAnotherLengthIsDamaged) {
  PlateauSchedule schedule(1, {});
  for (const char* state : {"", "x"}) {
    const absl::Status status = schedule.Restore(state);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(ErrorReason(status), "CHECKPOINT_DAMAGED");
  }
}

TEST(PlateauScheduleTest, EvaluationsInTheWarmUpDoNotCount) {
  const auto schedule = *MakeSchedule(
      {.kind = ReduceOnPlateauOptions{.factor = 0.5, .patience = 1}, .warm_up = WarmUpOptions{.length = Steps{10}}}, 1,
      {});
  EXPECT_EQ(schedule->metric(), Metric::kLoss);
  EXPECT_FALSE(schedule->Observe(5, 0.1));
  EXPECT_FALSE(schedule->Observe(10, 1));
  EXPECT_TRUE(schedule->Observe(15, 1));
  EXPECT_EQ(schedule->best()->step, 10);
  EXPECT_EQ(schedule->At(15), 0.5);
  const auto resumed = *MakeSchedule(
      {.kind = ReduceOnPlateauOptions{.factor = 0.5, .patience = 1}, .warm_up = WarmUpOptions{.length = Steps{10}}}, 1,
      {});
  ASSERT_TRUE(resumed->Restore(schedule->state()).ok());
  EXPECT_EQ(resumed->At(15), 0.5);
}

}  // namespace
}  // namespace trainyard
