// How a run ends where its last evaluation comes after its last step was decided.

#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

// Six steps, of which the evaluation after the fourth comes by the plan and the one after the sixth because the run ends.
TrainingOptions EndingBetweenEvaluations() {
  TrainingOptions options = Options();
  options.budget = {.steps = 6};
  options.evaluation.every = EverySteps{4};
  return options;
}

// A run of `options` ends the same way from each of its states.
void ExpectTheSameEndFromAnySnapshot(const TrainingOptions& options, StopReason reason) {
  const std::unique_ptr<Trainer> whole = Make(options);
  RecordingSink told;
  std::vector<Checkpoint> between = {whole->Snapshot()};
  while (whole->Advance(told) == Trainer::Next::kMore) between.push_back(whole->Snapshot());
  ASSERT_EQ(whole->end().reason, reason);
  for (const Checkpoint& checkpoint : between) {
    const std::unique_ptr<Trainer> resumed = Make(options, &checkpoint);
    RecordingSink sink;
    RunToEnd(*resumed, sink);
    EXPECT_EQ(resumed->end().reason, reason)
        << "from step " << checkpoint.step << ", evaluated at " << checkpoint.evaluated_step;
    EXPECT_EQ(resumed->Snapshot(), whole->Snapshot());
    ASSERT_FALSE(sink.story.empty());
    EXPECT_EQ(sink.story.back(), told.story.back());
  }
}

TEST(ClosingTest, PatienceThatRunsOutAtTheClosingEvaluationEndsNoRunThatHasEnded) {
  TrainingOptions options = EndingBetweenEvaluations();
  options.early_stopping = EarlyStoppingOptions{.patience = 1, .min_change = 1e9};
  ExpectTheSameEndFromAnySnapshot(options, StopReason::kSteps);
}

TEST(ClosingTest, ATargetThatIsReachedAtTheClosingEvaluationEndsNoRunThatHasEnded) {
  TrainingOptions options = EndingBetweenEvaluations();
  RecordingSink told;
  RunToEnd(*Make(options), told);
  std::vector<double> losses;
  for (const RunEvent& event : told.events) {
    const auto& evaluation = std::get<EvaluationReport>(event);
    if (evaluation.part == Part::kValidation) losses.push_back(evaluation.values[0].value);
  }
  ASSERT_EQ(losses.size(), 2u);
  ASSERT_LT(losses[1], losses[0]);
  options.budget.target_metric = TargetMetric{.metric = Metric::kLoss, .value = losses[1]};
  ExpectTheSameEndFromAnySnapshot(options, StopReason::kSteps);
}

TEST(ClosingTest, AnEarlyStopAtTheLastStepIsOneFromAnySnapshot) {
  TrainingOptions options = EndingBetweenEvaluations();
  options.budget.steps = 8;
  options.early_stopping = EarlyStoppingOptions{.patience = 1, .min_change = 1e9};
  ExpectTheSameEndFromAnySnapshot(options, StopReason::kEarlyStop);
}

}  // namespace
}  // namespace trainyard
