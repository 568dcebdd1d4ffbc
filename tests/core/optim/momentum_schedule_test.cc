#include "core/optim/momentum_schedule.h"

#include <cmath>

#include "core/base/status.h"
#include "core/optim/make_optimizer.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

std::string Error(double alpha, const MomentumScheduleOptions& schedule) {
  return std::string(ValidateMomentum(alpha, schedule).message());
}

TEST(MomentumScheduleTest, IsAlphaThroughoutByDefault) {
  for (const UpdateRuleOptions& rule :
       {UpdateRuleOptions(MomentumOptions{.momentum = 0.7}), UpdateRuleOptions(NesterovOptions{.momentum = 0.7})}) {
    EXPECT_EQ(MakeMomentumSchedule(rule, {})->At(0), 0.7);
    EXPECT_EQ(MakeMomentumSchedule(rule, {})->At(1'000'000), 0.7);
  }
}

TEST(MomentumScheduleTest, IsZeroForPlainSgd) { EXPECT_EQ(MakeMomentumSchedule(SgdOptions(), {})->At(5), 0); }

TEST(MomentumScheduleTest, ARampRisesInAStraightLineAndStaysAtAlpha) {
  const NesterovOptions rule = {.momentum = 0.9,
                                .schedule = {{.kind = MomentumRamp{.initial = 0.5, .length = Steps{4}}}}};
  const auto schedule = MakeMomentumSchedule(rule, {});
  EXPECT_EQ(schedule->At(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(1), 0.6);
  EXPECT_DOUBLE_EQ(schedule->At(2), 0.7);
  EXPECT_EQ(schedule->At(4), 0.9);
  EXPECT_EQ(schedule->At(400), 0.9);
}

TEST(MomentumScheduleTest, StepsTakeEachValueForALengthAndAlphaInTheEnd) {
  const MomentumOptions rule = {.momentum = 0.99,
                                .schedule = {{.kind = MomentumSteps{.values = {0.5, 0.9}, .length = Steps{3}}}}};
  const auto schedule = MakeMomentumSchedule(rule, {});
  EXPECT_EQ(schedule->At(0), 0.5);
  EXPECT_EQ(schedule->At(2), 0.5);
  EXPECT_EQ(schedule->At(3), 0.9);
  EXPECT_EQ(schedule->At(5), 0.9);
  EXPECT_EQ(schedule->At(6), 0.99);
  EXPECT_EQ(schedule->At(600), 0.99);
}

TEST(MomentumScheduleTest, LengthsInEpochsAreRoundedUp) {
  const auto ramp = MakeMomentumSchedule(0.8, {{.kind = MomentumRamp{.initial = 0.5, .length = Epochs{0.25}}}},
                                         {.steps_per_epoch = 10});
  EXPECT_DOUBLE_EQ(ramp->At(1), 0.6);
  EXPECT_EQ(ramp->At(3), 0.8);
}

TEST(MomentumScheduleTest, AFallingMomentumIsRefusedUnlessItMayFall) {
  MomentumScheduleOptions ramp = {.kind = MomentumRamp{.initial = 0.95}};
  EXPECT_EQ(Error(0.9, ramp),
            "schedule.ramp.initial = 0.95, must be at most momentum = 0.9, or the schedule have may_fall, since the "
            "momentum would fall");
  ramp.may_fall = true;
  EXPECT_EQ(Error(0.9, ramp), "");
  EXPECT_EQ(MakeMomentumSchedule(0.9, ramp, {})->At(0), 0.95);

  MomentumScheduleOptions steps = {.kind = MomentumSteps{.values = {0.5, 0.95, 0.8}}};
  EXPECT_EQ(Error(0.9, steps),
            "schedule.steps.values[1] = 0.95, must be at most values[2] = 0.8, or the schedule have may_fall, since "
            "the momentum would fall");
  steps.may_fall = true;
  EXPECT_EQ(Error(0.9, steps), "");
  steps = {.kind = MomentumSteps{.values = {0.5, 0.95}}};
  EXPECT_EQ(Error(0.9, steps),
            "schedule.steps.values[1] = 0.95, must be at most momentum = 0.9, or the schedule have may_fall, since the "
            "momentum would fall");
}

TEST(MomentumScheduleTest, AMomentumThatStaysDoesNotFall) {
  EXPECT_EQ(Error(0.9, {.kind = MomentumRamp{.initial = 0.9}}), "");
  EXPECT_EQ(Error(0.9, {.kind = MomentumSteps{.values = {0.9, 0.9}}}), "");
}

TEST(MomentumScheduleTest, EveryOptionOutOfRangeIsNamed) {
  EXPECT_EQ(Error(1, {}), "momentum = 1, must be in [0, 1)");
  for (const double value : {1.0, -0.1, static_cast<double>(NAN)}) {
    EXPECT_EQ(Error(0.9, {.kind = MomentumRamp{.initial = value}, .may_fall = true}),
              absl::StrCat("schedule.ramp.initial = ", value, ", must be in [0, 1)"));
    EXPECT_EQ(Error(0.9, {.kind = MomentumSteps{.values = {0.5, value}}, .may_fall = true}),
              absl::StrCat("schedule.steps.values[1] = ", value, ", must be in [0, 1)"));
  }
  EXPECT_EQ(Error(0.9, {.kind = MomentumSteps()}), "schedule.steps.values = 0 numbers, must be 1 to 100 numbers");
  EXPECT_EQ(Error(0.9, {.kind = MomentumSteps{.values = std::vector<double>(101, 0.5)}}),
            "schedule.steps.values = 101 numbers, must be 1 to 100 numbers");
  EXPECT_EQ(Error(0.9, {.kind = MomentumRamp{.length = Steps{0}}}),
            "schedule.ramp.length.steps = 0, must be at least 1");
  EXPECT_EQ(Error(0.9, {.kind = MomentumSteps{.values = {0.5}, .length = Epochs{0}}}),
            "schedule.steps.length.epochs = 0, must be positive and finite");
}

TEST(MomentumScheduleTest, ErrorsOfARuleNameTheRule) {
  const MomentumScheduleOptions falling = {.kind = MomentumRamp{.initial = 0.95}};
  EXPECT_EQ(ErrorField(Validate(OptimizerOptions{.rule = NesterovOptions{.schedule = falling}})),
            "nesterov.schedule.ramp.initial");
  EXPECT_EQ(ErrorField(Validate(OptimizerOptions{.rule = MomentumOptions{.schedule = falling}})),
            "momentum.schedule.ramp.initial");
}

}  // namespace
}  // namespace trainyard
