// What a run does about gradients that are too large, values that are not finite, and results that are good enough.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/base/status.h"
#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

using ::testing::Contains;

TEST(ClippingPolicyTest, EachClippedStepIsCountedAndReported) {
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.3};
  options.budget.steps = 60;
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  int64_t clipped = 0;
  for (const StepMetrics& step : sink.steps) {
    ASSERT_TRUE(step.clipped_gradient_norm.has_value());
    EXPECT_EQ(*step.clipped_gradient_norm, std::min(step.gradient_norm, 0.3));
    clipped += step.gradient_norm > 0.3 ? 1 : 0;
  }
  EXPECT_GT(clipped, 0);
  EXPECT_LT(clipped, 60);
  EXPECT_EQ(trainer->clipped_steps(), clipped);
}

TEST(ClippingPolicyTest, AGradientWhoseSquaresNoFloatHoldsIsClippedAsAnyOther) {
  TrainingOptions options = Options();
  options.network.hidden = {DenseOptions{6, Relu()}, DenseOptions{6, Relu()}};
  options.initialization.weights = GlorotUniformOptions{.gain = 1e11};
  options.optimizer.clipping = ClipGlobalNorm{.max_norm = 1};
  RecordingSink sink;
  RunToEnd(*Make(options), sink);
  ASSERT_EQ(sink.steps.size(), 8u);
  EXPECT_GT(sink.steps[0].gradient_norm, 2e19);
  EXPECT_EQ(sink.steps[0].clipped_gradient_norm, 1);
}

// Three epochs of examples in order, one a step, that hardly move the parameters: each epoch has the same gradients again.
class ClippedStretchTest : public ::testing::Test {
 protected:
  RecordingSink Run(int rows, double max_norm) {
    TrainingOptions options = Options();
    options.data.validation = std::monostate();
    options.data.test = std::monostate();
    options.minibatches = {.batch = int64_t{1}, .order = InOrder()};
    options.optimizer.learning_rate = 1e-12;
    options.optimizer.clipping = ClipGlobalNorm{.max_norm = max_norm};
    options.budget.steps = 3 * rows;
    RecordingSink sink;
    RunToEnd(*MakeOn({.training = MakeSmallDataset(rows, 4, 3)}, options), sink);
    return sink;
  }

  // Clips only the example with the largest gradient of each epoch; the steps where clipping was told.
  std::vector<int64_t> ToldWithOneClippedStepInEach(int rows) {
    const RecordingSink unclipped = Run(rows, 1e6);
    std::vector<double> norms;
    for (int i = 0; i < rows; ++i) norms.push_back(unclipped.steps[i].gradient_norm);
    std::nth_element(norms.begin(), norms.begin() + 1, norms.end(), std::greater<>());
    std::vector<int64_t> told;
    for (const RunEvent& event : Run(rows, norms[1] + 1e-6).events) {
      if (const auto* clipping = std::get_if<ClippingReport>(&event)) told.push_back(clipping->step);
    }
    return told;
  }
};

TEST_F(ClippedStretchTest, AStretchEndsAfterMoreThanAHundredStepsThatWereNotClipped) {
  const std::vector<int64_t> told = ToldWithOneClippedStepInEach(101);
  ASSERT_EQ(told.size(), 3);
  EXPECT_EQ(told[1], told[0] + 101);
  EXPECT_EQ(told[2], told[1] + 101);
}

TEST_F(ClippedStretchTest, AHundredStepsAndLessBelongToTheStretch) {
  EXPECT_EQ(ToldWithOneClippedStepInEach(100).size(), 1);
  EXPECT_EQ(ToldWithOneClippedStepInEach(20).size(), 1);
}

TEST(ClippingPolicyTest, WithoutClippingThereIsNoNormAfterIt) {
  const std::unique_ptr<Trainer> trainer = Make(Options());
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_FALSE(sink.steps[0].clipped_gradient_norm.has_value());
  EXPECT_FALSE(sink.steps[0].penalty.has_value());
}

TEST(PenaltyPolicyTest, ThePenaltyOfAStepIsThatOfTheWeightsWhereItsGradientWasTaken) {
  TrainingOptions options = Options();
  options.precision = Precision::kF64;
  options.optimizer.rule = SgdOptions();
  options.regularization = {.l2 = 0.1, .l1 = 0.01};
  const std::unique_ptr<Trainer> trainer = Make(options);
  const std::string start = trainer->Snapshot().parameters;
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  double squares = 0;
  double magnitudes = 0;
  size_t at = 0;
  for (const TensorShape& tensor : trainer->plan().layout.tensors()) {
    for (int64_t i = 0; i < tensor.size; ++i, ++at) {
      double w = 0;
      std::memcpy(&w, start.data() + at * sizeof(double), sizeof(double));
      if (tensor.is_bias) continue;
      squares += w * w;
      magnitudes += std::abs(w);
    }
  }
  EXPECT_NEAR(*sink.steps[0].penalty, 0.05 * squares + 0.01 * magnitudes, 1e-14);
}

// The validation loss of each evaluation.
std::vector<double> ValidationLosses(const RecordingSink& sink) {
  std::vector<double> losses;
  for (const RunEvent& event : sink.events) {
    const auto* evaluation = std::get_if<EvaluationReport>(&event);
    if (evaluation != nullptr && evaluation->part == Part::kValidation) losses.push_back(evaluation->values[0].value);
  }
  return losses;
}

TEST(TargetMetricTest, ARunEndsAtTheFirstEvaluationThatReachesIt) {
  TrainingOptions options = Options();
  options.budget = {.epochs = 10};
  RecordingSink whole;
  RunToEnd(*Make(options), whole);
  const std::vector<double> losses = ValidationLosses(whole);
  ASSERT_EQ(losses.size(), 10u);
  const double target = losses[5];
  size_t reached = 0;
  while (losses[reached] > target) ++reached;

  options.budget.target_metric = TargetMetric{.metric = Metric::kLoss, .value = target};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kTargetMetric);
  EXPECT_EQ(ValidationLosses(sink), std::vector<double>(losses.begin(), losses.begin() + reached + 1));
}

TEST(TargetMetricTest, IsRefusedWithoutALimitOrAValidationPart) {
  TrainingOptions options = Options();
  options.budget = {.target_metric = TargetMetric{.metric = Metric::kAccuracy, .value = 0.8}};
  EXPECT_EQ(ErrorField(Validate(options)), "budget.target_metric");
  options.budget.epochs = 5;
  options.data.validation = std::monostate();
  EXPECT_EQ(ErrorField(PlanRun(options, Data(), kMemory).status()), "budget.target_metric");
}

TEST(KeepTest, TheLastParametersAreHeldWhereTheBestAreNotToBeKept) {
  TrainingOptions options = Options();
  options.budget = {.epochs = 500};
  options.optimizer.learning_rate = 0.5;
  options.early_stopping = EarlyStoppingOptions{.patience = 3, .keep = Keep::kLast};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(trainer->end().reason, StopReason::kEarlyStop);
  EXPECT_EQ(trainer->end().held, ParametersHeld::kLast);
  EXPECT_EQ(trainer->end().parameters_step, trainer->step());
  EXPECT_EQ(std::get<EvaluationReport>(sink.events.back()).step, trainer->step());
  EXPECT_FALSE(trainer->Snapshot().best.has_value());
}

// A rate that overflows at once, and that enough halvings make harmless.
TrainingOptions Overflowing(int max_times) {
  TrainingOptions options = Options();
  options.optimizer.learning_rate = 1e39;
  options.optimizer.rule = SgdOptions();
  options.budget.steps = 12;
  options.evaluation.every = EverySteps{4};
  options.divergence = RollBack{.factor = 1e-20, .max_times = max_times};
  return options;
}

TEST(RollBackTest, TheRunGoesBackAndOnWithASmallerRate) {
  const std::unique_ptr<Trainer> trainer = Make(Overflowing(3));
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kSteps);
  ASSERT_FALSE(sink.attempts.empty());
  double factor = 1;
  size_t attempt = 0;
  for (const RunEvent& event : sink.events) {
    const auto* divergence = std::get_if<DivergenceReport>(&event);
    if (divergence == nullptr) continue;
    factor *= 1e-20;
    ASSERT_TRUE(divergence->rolled_back.has_value());
    EXPECT_EQ(divergence->rolled_back->to_step, sink.attempts[attempt].step);
    EXPECT_EQ(divergence->rolled_back->learning_rate_factor, factor);
    EXPECT_EQ(divergence->rolled_back->left, 3 - static_cast<int>(attempt) - 1);
    ++attempt;
  }
  EXPECT_EQ(attempt, sink.attempts.size());
  EXPECT_EQ(sink.steps.back().learning_rate, 1e39 * factor);
  EXPECT_EQ(sink.steps.back().step, 11);
}

TEST(RollBackTest, TheNewestEvaluationOfFiniteLossIsWhereARunGoesBackTo) {
  TrainingOptions options = Overflowing(1);
  options.optimizer.learning_rate = 50;  // beyond 2 over the largest curvature: the loss grows at each step
  options.network.hidden.clear();
  options.budget.steps = 200;
  options.data.test = std::monostate();
  const TrainingData data = {.training = MakeSmallDataset(100, 4, 0)};
  const std::unique_ptr<Trainer> trainer = *MakeTrainer(*PlanRun(options, data, kMemory), data, nullptr);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(sink.attempts.size(), 1u);
  int64_t newest = 0;
  for (const RunEvent& event : sink.events) {
    if (std::holds_alternative<DivergenceReport>(event)) break;
    const auto& evaluation = std::get<EvaluationReport>(event);
    if (std::isfinite(evaluation.values[0].value)) newest = evaluation.step;
  }
  EXPECT_GT(newest, 0);
  EXPECT_EQ(sink.attempts[0].step, newest);
}

TEST(RollBackTest, AfterTheLastTimeTheRunFails) {
  TrainingOptions options = Overflowing(2);
  options.divergence = RollBack{.factor = 0.9, .max_times = 2};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kDivergence);
  EXPECT_EQ(sink.attempts.size(), 2u);
  EXPECT_FALSE(std::get<DivergenceReport>(sink.events.back()).rolled_back.has_value());
  EXPECT_EQ(ErrorReason(trainer->end().status), "DIVERGED");
}

TEST(RollBackTest, ARunFromAnySnapshotGoesOnWithTheSameBits) {
  TrainingOptions options = Overflowing(3);
  options.early_stopping = EarlyStoppingOptions{.patience = 50, .moving_average = 2};
  options.optimizer.clipping = ClipLayerNorm{.max_norm = 0.5};
  options.regularization = {.l2 = 1e-3, .weight_decay = 1e-40};
  const std::unique_ptr<Trainer> whole = Make(options);
  RecordingSink told;
  const std::vector<Checkpoint> between = SnapshotsOf(*whole, told);
  ASSERT_FALSE(told.attempts.empty());
  for (const Checkpoint& checkpoint : between) {
    ExpectToEndAs(*whole, options, checkpoint);
  }
}

TEST(PolicyOptionsTest, NamesTheFirstOptionOutOfRange) {
  const auto field = [](auto change) {
    TrainingOptions options = Options();
    change(options);
    return ErrorField(Validate(options));
  };
  const double nan = std::nan("");
  EXPECT_EQ(field([](auto& o) { o.divergence = RollBack{.factor = 1}; }), "divergence.roll_back.factor");
  EXPECT_EQ(field([&](auto& o) { o.divergence = RollBack{.factor = nan}; }), "divergence.roll_back.factor");
  EXPECT_EQ(field([](auto& o) { o.divergence = RollBack{.max_times = 0}; }), "divergence.roll_back.max_times");
  EXPECT_EQ(field([](auto& o) { o.regularization.l2 = -1; }), "regularization.l2");
  EXPECT_EQ(field([&](auto& o) { o.regularization.l1 = nan; }), "regularization.l1");
  EXPECT_EQ(field([](auto& o) { o.regularization.weight_decay = -0.1; }), "regularization.weight_decay");
  EXPECT_EQ(field([](auto& o) { o.optimizer.clipping = ClipGlobalNorm{.max_norm = 0}; }),
            "optimizer.clipping.global_norm.max_norm");
  EXPECT_EQ(field([&](auto& o) { o.optimizer.clipping = ClipValue{.limit = nan}; }), "optimizer.clipping.value.limit");
  EXPECT_EQ(field([](auto& o) { o.optimizer.clipping = ClipLayerNorm{.max_norm = -1}; }),
            "optimizer.clipping.layer_norm.max_norm");
  EXPECT_EQ(field([](auto& o) { o.early_stopping = EarlyStoppingOptions{.moving_average = 0}; }),
            "early_stopping.moving_average");
  EXPECT_EQ(field([&](auto& o) { o.budget.target_metric = TargetMetric{.metric = Metric::kLoss, .value = nan}; }),
            "budget.target_metric.value");
}

}  // namespace
}  // namespace trainyard
