#include "core/base/status.h"
#include "core/optim/make_schedule.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(ConstantScheduleTest, IsTheSameAtEveryStep) {
  const auto schedule = *MakeSchedule(ConstantOptions(), 0.3, {});
  EXPECT_EQ(schedule->At(0), 0.3);
  EXPECT_EQ(schedule->At(1'000'000), 0.3);
}

TEST(LinearScheduleTest, FallsInAStraightLineAndStaysAtTau) {
  const auto schedule = *MakeSchedule(LinearOptions{.final_learning_rate = 0.1, .tau = TauSteps{4}}, 0.5, {});
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(1), 0.75 * 0.5 + 0.25 * 0.1);
  EXPECT_DOUBLE_EQ(schedule->At(4), 0.1);
  EXPECT_DOUBLE_EQ(schedule->At(400), 0.1);
}

TEST(LinearScheduleTest, TheFinalRateIsAHundredthByDefault) {
  EXPECT_DOUBLE_EQ((*MakeSchedule(LinearOptions{.tau = TauSteps{4}}, 0.5, {}))->At(4), 0.005);
}

TEST(LinearScheduleTest, TauIsTheWholeBudgetByDefault) {
  const auto schedule = *MakeSchedule(LinearOptions(), 1, {.steps_per_epoch = 10, .total_steps = 200});
  EXPECT_DOUBLE_EQ(schedule->At(100), 0.5 * 1 + 0.5 * 0.01);
  EXPECT_DOUBLE_EQ(schedule->At(200), 0.01);
}

TEST(LinearScheduleTest, TauInEpochsIsRoundedUpToWholeSteps) {
  EXPECT_EQ(*TauInSteps({.tau = TauEpochs{0.25}}, {.steps_per_epoch = 10}), 3);
  EXPECT_EQ(*TauInSteps({.tau = TauEpochs{2}}, {.steps_per_epoch = 10}), 20);
}

TEST(LinearScheduleTest, TauMustBeGivenWhereTheBudgetIsTimeAlone) {
  const absl::Status status = MakeSchedule(LinearOptions(), 1, {.steps_per_epoch = 10}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorField(status), "linear.tau_steps");
  EXPECT_EQ(status.message(), "linear.tau_steps = unset, must be given where the budget is a running time alone");
}

}  // namespace
}  // namespace trainyard
