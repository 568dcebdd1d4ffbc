// The surrogate loss against the true one: learning stops where the true loss has stopped improving, while the surrogate would go on.

#include "core/data/dataset_builder.h"
#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

// x = -1 in class `no` and x = +1 in class `yes`, 10 rows of each.
std::shared_ptr<const Dataset> TwoPoints() {
  Schema schema;
  schema.columns.push_back({.name = "x"});
  schema.columns.push_back({.name = "y",
                            .type = ColumnType::kCategorical,
                            .role = ColumnRole::kTarget,
                            .categories = {{.value = "no"}, {.value = "yes"}}});
  DatasetBuilder builder(schema);
  for (int i = 0; i < 20; ++i) builder.AddRow(std::vector<double>{i % 2 == 0 ? -1.0 : 1.0, i % 2 == 0 ? 0.0 : 1.0});
  return std::move(builder).Build();
}

// From w = 0 the first step of gradient descent on the logistic loss separates the classes: the zero-one error is 0 from the first
// evaluation on and can't improve. With a patience of 3 the run stops at the fourth, at step 4; w has hardly grown by then, so the
// gradient, the mean of 1 / (1 + e^w), is near its largest value of 1/2, and the loss, log(1 + e^-w), falls at every step.
TEST(SurrogateTest, TheEarlyStopFiresWhileTheSurrogateStillFallsAndItsGradientIsLarge) {
  TrainingOptions options;
  options.data.dataset = "datasets/points";
  options.data.validation = std::string("datasets/more-points");
  options.data.encoding.scaling = Scaling::kNone;
  options.loss = LogisticOptions();
  options.optimizer.learning_rate = 0.1;
  options.optimizer.rule = SgdOptions();
  options.minibatches.batch = FullBatch();
  options.initialization.weights = ZeroWeightsOptions();
  options.budget.steps = 1000;
  options.evaluation.every = EverySteps{1};
  options.early_stopping = EarlyStoppingOptions{.metric = Metric::kZeroOneError, .patience = 3};
  options.precision = Precision::kF64;
  const TrainingData data = {.training = TwoPoints(), .validation = TwoPoints()};
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, kMemory);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::unique_ptr<Trainer> trainer = *MakeTrainer(*std::move(plan), data, nullptr);
  RecordingSink sink;
  RunToEnd(*trainer, sink);

  EXPECT_THAT(sink.story, ::testing::ElementsAre("step 0", "evaluation of part 1 at 1", "step 1",
                                                 "evaluation of part 1 at 2", "step 2", "evaluation of part 1 at 3",
                                                 "step 3", "evaluation of part 1 at 4", "early stop at 4, best 1"));
  for (size_t k = 1; k < sink.steps.size(); ++k) EXPECT_LT(sink.steps[k].loss, sink.steps[k - 1].loss);
  const auto& stop = std::get<EarlyStopReport>(sink.events.back());
  EXPECT_EQ(stop.best_value, 0);
  EXPECT_GT(stop.training_gradient_norm, 0.45);
  EXPECT_EQ(trainer->end().parameters_step, 1);
}

}  // namespace
}  // namespace trainyard
