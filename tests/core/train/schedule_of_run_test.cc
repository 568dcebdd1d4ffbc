// Schedules as part of a run: what they need of its data and its budget, and what its steps tell of them.

#include "core/base/status.h"
#include "core/train/trainer.h"
#include "gmock/gmock.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kMemory = int64_t{1} << 30;

// 120 rows in minibatches of 30: 4 steps an epoch, 8 in all.
TrainingOptions Options() {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.minibatches.batch = int64_t{30};
  options.budget.epochs = 2;
  return options;
}

TrainingData Data() { return {.training = MakeSmallDataset(120, 4, 3), .validation = nullptr, .test = nullptr}; }

RunPlan Plan(const TrainingOptions& options) { return *PlanRun(options, Data(), kMemory); }

std::string Refusal(const TrainingOptions& options) {
  return std::string(CheckRun(options, Data(), kMemory).status().message());
}

std::vector<std::string> Reasons(const RunPlan& plan) {
  std::vector<std::string> reasons;
  for (const RunWarning& warning : plan.warnings) reasons.push_back(warning.reason);
  return reasons;
}

TEST(ScheduleOfRunTest, ReduceOnPlateauNeedsAValidationPart) {
  TrainingOptions options = Options();
  options.optimizer.schedule.kind = ReduceOnPlateauOptions();
  EXPECT_EQ(Refusal(options),
            "optimizer.schedule.reduce_on_plateau = set, must be left out where there is no validation part; give "
            "data.validation_fraction or data.validation_dataset");
  options.data.validation = 0.25;
  EXPECT_EQ(Refusal(options), "");
}

TEST(ScheduleOfRunTest, TheWatchedMetricFitsTheTarget) {
  TrainingOptions options = Options();
  options.data.validation = 0.25;
  options.optimizer.schedule.kind = ReduceOnPlateauOptions{.metric = Metric::kRmse};
  EXPECT_EQ(ErrorField(CheckRun(options, Data(), kMemory).status()), "optimizer.schedule.reduce_on_plateau.metric");
}

TEST(ScheduleOfRunTest, ADecayOverTheWholeBudgetNeedsOneThatIsKnown) {
  TrainingOptions options = Options();
  options.budget = {.running_time = absl::Seconds(1)};
  options.optimizer.schedule.kind = CosineOptions();
  EXPECT_EQ(Refusal(options),
            "optimizer.schedule.cosine.length = unset, must be given where the budget is a running time alone");
  options.optimizer.schedule.kind = LinearOptions();
  EXPECT_EQ(Refusal(options),
            "optimizer.schedule.linear.tau_steps = unset, must be given where the budget is a running time alone");
  options.optimizer.schedule.kind = CosineOptions{.length = Steps{100}};
  EXPECT_EQ(Refusal(options), "");
  EXPECT_THAT(Reasons(Plan(options)), IsEmpty());
}

TEST(ScheduleOfRunTest, ATauBeyondTheBudgetIsWarnedOf) {
  TrainingOptions options = Options();
  options.optimizer.schedule.kind = LinearOptions{.tau = Steps{9}};
  const RunPlan plan = Plan(options);
  ASSERT_THAT(Reasons(plan), ElementsAre("TAU_BEYOND_BUDGET"));
  EXPECT_EQ(plan.warnings[0].message,
            "optimizer.schedule reaches its final learning rate at step 9, but the budget ends at step 8");
  options.optimizer.schedule.kind = CosineOptions{.length = Epochs{2.25}};
  EXPECT_THAT(Reasons(Plan(options)), ElementsAre("TAU_BEYOND_BUDGET"));
}

TEST(ScheduleOfRunTest, ATauThatTheWarmUpPushesBeyondTheBudgetIsWarnedOf) {
  TrainingOptions options = Options();
  options.optimizer.schedule = {.kind = LinearOptions{.tau = Steps{6}}, .warm_up = WarmUpOptions{.length = Steps{3}}};
  EXPECT_THAT(Reasons(Plan(options)), ElementsAre("TAU_BEYOND_BUDGET"));
}

TEST(ScheduleOfRunTest, WhatEndsWithTheBudgetIsNotWarnedOf) {
  TrainingOptions options = Options();
  for (const ScheduleKind& kind :
       {ScheduleKind(LinearOptions{.tau = Steps{8}}), ScheduleKind(LinearOptions()), ScheduleKind(CosineOptions()),
        ScheduleKind(CosineOptions{.length = Epochs{2}}), ScheduleKind(StepOptions{.length = Steps{100}})}) {
    options.optimizer.schedule.kind = kind;
    EXPECT_THAT(Reasons(Plan(options)), IsEmpty()) << "kind " << kind.index();
  }
}

class RateSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override {
    learning_rates.push_back(metrics.learning_rate);
    momenta.push_back(metrics.momentum);
  }
  void Tell(const RunEvent&) override {}
  void Save(Checkpoint) override {}
  void BeginAttempt(Checkpoint) override {}

  std::vector<double> learning_rates;
  std::vector<double> momenta;
};

TEST(ScheduleOfRunTest, EachStepTellsTheRatesItWasMadeWith) {
  TrainingOptions options = Options();
  options.optimizer = {
      .learning_rate = 0.5,
      .schedule = {.kind = StepOptions{.factor = 0.5, .length = Epochs{0.5}},
                   .warm_up = WarmUpOptions{.initial = 0.5, .length = Steps{2}}},
      .rule = NesterovOptions{.momentum = 0.75,
                              .schedule = {{.kind = MomentumSteps{.values = {0.25, 0.5}, .length = Epochs{0.75}}}}}};
  RateSink sink;
  const auto trainer = *MakeTrainer(Plan(options), Data(), nullptr);
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  EXPECT_THAT(sink.learning_rates, ElementsAre(0.25, 0.375, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125));
  EXPECT_THAT(sink.momenta, ElementsAre(0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.75, 0.75));
}

}  // namespace
}  // namespace trainyard
