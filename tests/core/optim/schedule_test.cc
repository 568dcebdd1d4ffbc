#include <cmath>
#include <limits>
#include <numbers>

#include "core/base/status.h"
#include "core/optim/make_schedule.h"
#include "core/optim/preview_schedule.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr RunLength kTenAnEpoch = {.steps_per_epoch = 10};

std::unique_ptr<Schedule> Make(const ScheduleKind& kind, double learning_rate, const RunLength& length = {}) {
  return *MakeSchedule({.kind = kind}, learning_rate, length);
}

std::string Error(const ScheduleOptions& options) { return std::string(Validate(options).message()); }

TEST(LengthTest, StepsAreAsTheyAreAndEpochsAreRoundedUpToWholeSteps) {
  EXPECT_EQ(InSteps(Steps{7}, 10), 7);
  EXPECT_EQ(InSteps(Epochs{2}, 10), 20);
  EXPECT_EQ(InSteps(Epochs{0.25}, 10), 3);
  EXPECT_EQ(InSteps(Epochs{0.01}, 10), 1);
}

TEST(LengthTest, RoundingErrorsDoNotAddAStep) { EXPECT_EQ(InSteps(Epochs{0.07}, 100), 7); }

TEST(LengthTest, NoNumberOfEpochsOverflows) {
  EXPECT_EQ(InSteps(Epochs{1e300}, 10), 1'000'000'000'000'000);
  EXPECT_EQ(InSteps(Epochs{1e-300}, 10), 1);
}

TEST(ConstantScheduleTest, IsTheSameAtEveryStep) {
  const auto schedule = Make(ConstantOptions(), 0.3);
  EXPECT_EQ(schedule->At(0), 0.3);
  EXPECT_EQ(schedule->At(1'000'000), 0.3);
}

TEST(LinearScheduleTest, FallsInAStraightLineAndStaysAtTau) {
  const auto schedule = Make(LinearOptions{.final_learning_rate = 0.1, .tau = Steps{4}}, 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(1), 0.75 * 0.5 + 0.25 * 0.1);
  EXPECT_DOUBLE_EQ(schedule->At(4), 0.1);
  EXPECT_DOUBLE_EQ(schedule->At(400), 0.1);
}

TEST(LinearScheduleTest, TheFinalRateIsAHundredthByDefault) {
  EXPECT_DOUBLE_EQ(Make(LinearOptions{.tau = Steps{4}}, 0.5)->At(4), 0.005);
}

TEST(LinearScheduleTest, TauIsTheWholeBudgetByDefault) {
  const auto schedule = Make(LinearOptions(), 1, {.steps_per_epoch = 10, .total_steps = 200});
  EXPECT_DOUBLE_EQ(schedule->At(100), 0.5 * 1 + 0.5 * 0.01);
  EXPECT_DOUBLE_EQ(schedule->At(200), 0.01);
}

TEST(LinearScheduleTest, TauInEpochsIsRoundedUpToWholeSteps) {
  const auto schedule = Make(LinearOptions{.final_learning_rate = 0.4, .tau = Epochs{0.25}}, 1, kTenAnEpoch);
  EXPECT_DOUBLE_EQ(schedule->At(2), 1.0 / 3 + 2.0 / 3 * 0.4);
  EXPECT_DOUBLE_EQ(schedule->At(3), 0.4);
}

TEST(LinearScheduleTest, TauMustBeGivenWhereTheBudgetIsTimeAlone) {
  const absl::Status status = MakeSchedule({.kind = LinearOptions()}, 1, kTenAnEpoch).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorField(status), "linear.tau_steps");
  EXPECT_EQ(status.message(), "linear.tau_steps = unset, must be given where the budget is a running time alone");
}

TEST(StepScheduleTest, IsMultipliedByTheFactorAfterEachLength) {
  const auto schedule = Make(StepOptions{.factor = 0.5, .length = Steps{3}}, 0.8);
  EXPECT_EQ(schedule->At(0), 0.8);
  EXPECT_EQ(schedule->At(2), 0.8);
  EXPECT_EQ(schedule->At(3), 0.4);
  EXPECT_EQ(schedule->At(8), 0.2);
  EXPECT_EQ(schedule->At(9), 0.1);
}

TEST(StepScheduleTest, TakesALengthInEpochs) {
  const auto schedule = Make(StepOptions{.length = Epochs{0.25}}, 1, kTenAnEpoch);
  EXPECT_EQ(schedule->At(2), 1);
  EXPECT_EQ(schedule->At(3), 0.1);
}

TEST(ExponentialScheduleTest, IsMultipliedByTheFactorInEachLengthSmoothly) {
  const auto schedule = Make(ExponentialDecayOptions{.factor = 0.25, .length = Steps{4}}, 0.8);
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.8);
  EXPECT_DOUBLE_EQ(schedule->At(2), 0.4);
  EXPECT_DOUBLE_EQ(schedule->At(4), 0.2);
  EXPECT_DOUBLE_EQ(schedule->At(8), 0.05);
}

TEST(ExponentialScheduleTest, IsHalvedInEachEpochByDefault) {
  const auto schedule = Make(ExponentialDecayOptions(), 1, kTenAnEpoch);
  EXPECT_DOUBLE_EQ(schedule->At(10), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(5), std::sqrt(0.5));
}

TEST(InverseScheduleTest, FallsWithAPowerOfTheStep) {
  const auto schedule = Make(InverseOptions{.power = 0.5, .length = Steps{2}}, 0.6);
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.6);
  EXPECT_DOUBLE_EQ(schedule->At(6), 0.3);
  EXPECT_DOUBLE_EQ(schedule->At(16), 0.2);
}

TEST(InverseScheduleTest, IsHalvedAfterTheFirstEpochByDefault) {
  const auto schedule = Make(InverseOptions(), 1, kTenAnEpoch);
  EXPECT_DOUBLE_EQ(schedule->At(10), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(30), 0.25);
}

TEST(CosineScheduleTest, FallsAlongHalfAPeriodAndStaysAtItsEnd) {
  const auto schedule = Make(CosineOptions{.final_learning_rate = 0.1, .length = Steps{4}}, 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(1), 0.1 + 0.4 * (1 + std::numbers::sqrt2 / 2) / 2);
  EXPECT_DOUBLE_EQ(schedule->At(2), 0.3);
  EXPECT_EQ(schedule->At(4), 0.1);
  EXPECT_EQ(schedule->At(4'000), 0.1);
}

TEST(CosineScheduleTest, TheLargestRateThatThereIsStaysFinite) {
  const double largest = std::numeric_limits<double>::max();
  const auto schedule = Make(CosineOptions{.length = Steps{4}}, largest);
  EXPECT_EQ(schedule->At(0), largest);
  EXPECT_DOUBLE_EQ(schedule->At(2), largest / 2);
}

TEST(CosineScheduleTest, EndsAtZeroWithTheBudgetByDefault) {
  const auto schedule = Make(CosineOptions(), 1, {.steps_per_epoch = 10, .total_steps = 200});
  EXPECT_DOUBLE_EQ(schedule->At(100), 0.5);
  EXPECT_EQ(schedule->At(200), 0);
}

TEST(CosineScheduleTest, ItsLengthMustBeGivenWhereTheBudgetIsTimeAlone) {
  const absl::Status status = MakeSchedule({.kind = CosineOptions()}, 1, kTenAnEpoch).status();
  EXPECT_EQ(status.message(), "cosine.length = unset, must be given where the budget is a running time alone");
  EXPECT_TRUE(MakeSchedule({.kind = CosineOptions{.length = Epochs{2}}}, 1, kTenAnEpoch).ok());
}

TEST(WarmUpTest, RisesInAStraightLineBeforeTheScheduleBegins) {
  const auto schedule = *MakeSchedule({.kind = StepOptions{.factor = 0.5, .length = Steps{3}},
                                       .warm_up = WarmUpOptions{.initial = 0.25, .length = Steps{4}}},
                                      0.8, {});
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.2);
  EXPECT_DOUBLE_EQ(schedule->At(2), 0.5);
  EXPECT_DOUBLE_EQ(schedule->At(3), 0.65);
  EXPECT_EQ(schedule->At(4), 0.8);
  EXPECT_EQ(schedule->At(6), 0.8);
  EXPECT_EQ(schedule->At(7), 0.4);
}

TEST(WarmUpTest, TakesALengthInEpochsAndBeginsAtAHundredthByDefault) {
  const auto schedule = *MakeSchedule({.warm_up = WarmUpOptions{.length = Epochs{0.25}}}, 1, kTenAnEpoch);
  EXPECT_DOUBLE_EQ(schedule->At(0), 0.01);
  EXPECT_DOUBLE_EQ(schedule->At(2), 0.01 + 0.99 * 2 / 3);
  EXPECT_EQ(schedule->At(3), 1);
}

TEST(WarmUpTest, TheWholeBudgetButForTheWarmUpIsLeftToADecay) {
  const RunLength length = {.steps_per_epoch = 10, .total_steps = 100};
  const WarmUpOptions warm_up = {.length = Steps{20}};
  const auto linear = *MakeSchedule({.kind = LinearOptions{.final_learning_rate = 0.5}, .warm_up = warm_up}, 1, length);
  EXPECT_DOUBLE_EQ(linear->At(20), 1);
  EXPECT_DOUBLE_EQ(linear->At(60), 0.75);
  EXPECT_DOUBLE_EQ(linear->At(100), 0.5);
  const auto cosine = *MakeSchedule({.kind = CosineOptions(), .warm_up = warm_up}, 1, length);
  EXPECT_DOUBLE_EQ(cosine->At(60), 0.5);
  EXPECT_GT(cosine->At(99), 0);
  EXPECT_EQ(cosine->At(100), 0);
}

TEST(WarmUpTest, MayBeLongerThanTheBudget) {
  const auto schedule = *MakeSchedule({.kind = CosineOptions(), .warm_up = WarmUpOptions{.length = Steps{200}}}, 1,
                                      {.steps_per_epoch = 10, .total_steps = 100});
  EXPECT_LT(schedule->At(99), 1);
  EXPECT_EQ(schedule->At(201), 0);
}

TEST(ScheduleTest, NoScheduleRisesAfterItsWarmUpAndNoneFallsInIt) {
  const ScheduleKind kinds[] = {
      ConstantOptions(),         LinearOptions{.tau = Epochs{3.33}}, StepOptions{.factor = 0.9, .length = Steps{7}},
      ExponentialDecayOptions(), InverseOptions{.power = 0.75},      CosineOptions{.final_learning_rate = 0.001},
      ReduceOnPlateauOptions()};
  for (const ScheduleKind& kind : kinds) {
    const auto schedule = *MakeSchedule({.kind = kind, .warm_up = WarmUpOptions{.length = Steps{25}}}, 0.1,
                                        {.steps_per_epoch = 10, .total_steps = 200});
    for (int64_t k = 1; k < 300; ++k) {
      if (k <= 25) {
        EXPECT_GT(schedule->At(k), schedule->At(k - 1)) << "kind " << kind.index() << ", step " << k;
      } else {
        EXPECT_LE(schedule->At(k), schedule->At(k - 1)) << "kind " << kind.index() << ", step " << k;
      }
    }
  }
}

TEST(ScheduleTest, TheEndOfADecayCountsItsWarmUp) {
  const RunLength length = {.steps_per_epoch = 10, .total_steps = 100};
  const WarmUpOptions warm_up = {.length = Steps{20}};
  EXPECT_EQ(EndOfDecay({.kind = LinearOptions{.tau = Steps{90}}}, length), 90);
  EXPECT_EQ(EndOfDecay({.kind = LinearOptions{.tau = Steps{90}}, .warm_up = warm_up}, length), 110);
  EXPECT_EQ(EndOfDecay({.kind = CosineOptions{.length = Epochs{12}}}, length), 120);
  EXPECT_EQ(EndOfDecay({.kind = CosineOptions(), .warm_up = warm_up}, length), 100);
  EXPECT_EQ(EndOfDecay({.kind = CosineOptions()}, kTenAnEpoch), std::nullopt);
  EXPECT_EQ(EndOfDecay({.kind = StepOptions{.length = Steps{500}}}, length), std::nullopt);
}

TEST(ScheduleTest, AHugeTauDoesNotOverflow) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(EndOfDecay({.kind = LinearOptions{.tau = Steps{kMax}}, .warm_up = WarmUpOptions{.length = Steps{9}}}, {}),
            kMax);
}

TEST(ScheduleTest, OnlyAPlateauScheduleHasAState) {
  const auto schedule = Make(StepOptions(), 1);
  EXPECT_EQ(schedule->metric(), std::nullopt);
  EXPECT_FALSE(schedule->Observe(1, 0.5));
  EXPECT_EQ(schedule->best(), std::nullopt);
  EXPECT_EQ(schedule->state(), "");
  EXPECT_TRUE(schedule->Restore("").ok());
  const absl::Status status = schedule->Restore("x");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ErrorReason(status), "CHECKPOINT_DAMAGED");
}

TEST(ScheduleOptionsTest, EveryOptionOutOfRangeIsNamed) {
  EXPECT_EQ(Error({.kind = LinearOptions{.final_learning_rate = NAN}}),
            "linear.final_learning_rate = nan, must be positive and finite");
  EXPECT_EQ(Error({.kind = LinearOptions{.tau = Steps{0}}}), "linear.tau_steps = 0, must be at least 1");
  EXPECT_EQ(Error({.kind = LinearOptions{.tau = Epochs{-1}}}), "linear.tau_epochs = -1, must be positive and finite");
  for (const double factor : {0.0, 1.5, -0.5, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    const std::string problem = absl::StrCat(".factor = ", factor, ", must be in (0, 1]");
    EXPECT_EQ(Error({.kind = StepOptions{.factor = factor}}), "step" + problem);
    EXPECT_EQ(Error({.kind = ExponentialDecayOptions{.factor = factor}}), "exponential" + problem);
    EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.factor = factor}}),
              absl::StrCat("reduce_on_plateau.factor = ", factor, ", must be in (0, 1)"));
    EXPECT_EQ(Error({.warm_up = WarmUpOptions{.initial = factor}}),
              absl::StrCat("warm_up.initial = ", factor, ", must be in (0, 1]"));
  }
  EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.factor = 1}}), "reduce_on_plateau.factor = 1, must be in (0, 1)");
  EXPECT_EQ(Error({.kind = StepOptions{.length = Steps{0}}}), "step.length.steps = 0, must be at least 1");
  EXPECT_EQ(Error({.kind = ExponentialDecayOptions{.length = Epochs{0}}}),
            "exponential.length.epochs = 0, must be positive and finite");
  EXPECT_EQ(Error({.kind = InverseOptions{.power = 0}}), "inverse.power = 0, must be positive and finite");
  EXPECT_EQ(Error({.kind = InverseOptions{.power = INFINITY}}), "inverse.power = inf, must be positive and finite");
  EXPECT_EQ(Error({.kind = InverseOptions{.length = Epochs{INFINITY}}}),
            "inverse.length.epochs = inf, must be positive and finite");
  EXPECT_EQ(Error({.kind = CosineOptions{.final_learning_rate = -1}}),
            "cosine.final_learning_rate = -1, must be at least 0 and finite");
  EXPECT_EQ(Error({.kind = CosineOptions{.length = Steps{-3}}}), "cosine.length.steps = -3, must be at least 1");
  EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.patience = 0}}),
            "reduce_on_plateau.patience = 0, must be at least 1");
  EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.min_change = -1}}),
            "reduce_on_plateau.min_change = -1, must be at least 0 and finite");
  EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.min_learning_rate = NAN}}),
            "reduce_on_plateau.min_learning_rate = nan, must be at least 0 and finite");
  EXPECT_EQ(Error({.warm_up = WarmUpOptions{.length = Epochs{NAN}}}),
            "warm_up.length.epochs = nan, must be positive and finite");
}

TEST(ScheduleOptionsTest, TheBordersAreInRange) {
  EXPECT_EQ(Error({.kind = StepOptions{.factor = 1}, .warm_up = WarmUpOptions{.initial = 1}}), "");
  EXPECT_EQ(Error({.kind = CosineOptions()}), "");
  EXPECT_EQ(Error({.kind = ReduceOnPlateauOptions{.patience = 1}}), "");
}

std::vector<int64_t> StepsOf(const std::vector<RatePoint>& points) {
  std::vector<int64_t> steps;
  for (const RatePoint& point : points) steps.push_back(point.step);
  return steps;
}

TEST(PreviewScheduleTest, HasEveryStepWhereThereAreFew) {
  const OptimizerOptions options = {.learning_rate = 1,
                                    .schedule = {.kind = LinearOptions{.final_learning_rate = 0.5}}};
  const auto points = *PreviewSchedule(options, {.total_steps = 4}, 10);
  EXPECT_THAT(StepsOf(points), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(points[2].rates.learning_rate, DoubleNear(0.75, 1e-15));
  EXPECT_EQ(points[2].rates.momentum, 0.9);
}

TEST(PreviewScheduleTest, HasTheFirstAndTheLastStepAndEqualDistances) {
  const auto steps = [](int64_t total, int64_t max_points) {
    return StepsOf(*PreviewSchedule({}, {.total_steps = total}, max_points));
  };
  EXPECT_THAT(steps(101, 5), ElementsAre(0, 25, 50, 75, 100));
  EXPECT_THAT(steps(1'000'000'000'000'000, 2), ElementsAre(0, 999'999'999'999'999));
  EXPECT_THAT(steps(11, 4), ElementsAre(0, 3, 6, 10));
  EXPECT_THAT(steps(1, 4), ElementsAre(0));
}

TEST(PreviewScheduleTest, NamesWhatIsWrong) {
  const OptimizerOptions options = {.schedule = {.kind = LinearOptions()}};
  const absl::Status status = PreviewSchedule(options, {.total_steps = std::nullopt}, 10).status();
  EXPECT_EQ(ErrorField(status), "schedule.linear.tau_steps");
}

}  // namespace
}  // namespace trainyard
