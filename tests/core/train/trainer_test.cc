#include "core/train/trainer.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Digest(const TrainingOptions& options) {
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  return trainer->Snapshot().parameters_digest;
}

TEST(TrainerTest, TellsStepsThenEvaluationsThenTheTest) {
  TrainingOptions options = Options();
  options.evaluation.every = EverySteps{3};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_THAT(sink.story, ElementsAre("step 0", "step 1", "step 2", "evaluation of part 1 at 3", "step 3", "step 4",
                                      "step 5", "evaluation of part 1 at 6", "step 6", "step 7",
                                      "evaluation of part 1 at 8", "evaluation of part 2 at 8"));
  EXPECT_EQ(trainer->end().reason, StopReason::kSteps);
  EXPECT_EQ(trainer->end().held, ParametersHeld::kLast);
  EXPECT_EQ(trainer->end().parameters_step, 8);
}

TEST(TrainerTest, SavesEverySoManyStepsAfterTheEvaluationOfThatStep) {
  TrainingOptions options = Options();
  options.budget.steps = 4;
  options.evaluation.every = EverySteps{2};
  options.checkpoints.every_steps = 2;
  options.data.test = std::monostate();
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_THAT(sink.story, ElementsAre("step 0", "step 1", "evaluation of part 1 at 2", "save 2", "step 2", "step 3",
                                      "evaluation of part 1 at 4", "save 4"));
}

TEST(TrainerTest, TheSameOptionsGiveTheSameBits) {
  EXPECT_EQ(Digest(Options()), Digest(Options()));
  TrainingOptions other = Options();
  other.seed = 1;
  EXPECT_NE(Digest(Options()), Digest(other));
}

class EveryPrecisionTest : public ::testing::TestWithParam<Precision> {};

TEST_P(EveryPrecisionTest, ARunFromAnyCheckpointEndsWithTheBitsOfTheWholeRun) {
  TrainingOptions options = Options();
  options.precision = GetParam();
  options.budget.steps = 20;
  options.early_stopping.emplace();
  options.checkpoints.every_steps = 1;
  const std::unique_ptr<Trainer> whole = Make(options);
  RecordingSink told;
  RunToEnd(*whole, told);
  ASSERT_GT(told.saved.size(), 5u);
  for (const Checkpoint& checkpoint : told.saved) {
    const std::unique_ptr<Trainer> resumed = Make(options, &checkpoint);
    EXPECT_EQ(resumed->step(), checkpoint.step);
    RecordingSink sink;
    RunToEnd(*resumed, sink);
    EXPECT_EQ(resumed->Snapshot(), whole->Snapshot()) << "from step " << checkpoint.step;
    for (const StepMetrics& step : sink.steps) EXPECT_EQ(step, told.steps[step.step]);
  }
}

// A run may be left between any two units: its state is that of the last whole step.
TEST_P(EveryPrecisionTest, ASnapshotBetweenAnyTwoUnitsResumesToTheSameBits) {
  TrainingOptions options = Options();
  options.precision = GetParam();
  options.minibatches.batch = FullBatch();
  options.data.validation = 0.4;
  options.budget.steps = 3;
  options.early_stopping.emplace();
  const TrainingData data = {.training = MakeSmallDataset(1500, 4, 3)};
  const auto make = [&](const Checkpoint* checkpoint) {
    return *MakeTrainer(*PlanRun(options, data, kMemory), data, checkpoint);
  };
  const std::unique_ptr<Trainer> whole = make(nullptr);
  RecordingSink sink;
  std::vector<Checkpoint> between = {whole->Snapshot()};
  while (whole->Advance(sink) == Trainer::Next::kMore) between.push_back(whole->Snapshot());
  ASSERT_GT(between.size(), 3u * 3);  // several units a step
  for (const Checkpoint& checkpoint : between) {
    const std::unique_ptr<Trainer> resumed = make(&checkpoint);
    RunToEnd(*resumed, sink);
    EXPECT_EQ(resumed->Snapshot(), whole->Snapshot());
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, EveryPrecisionTest, ::testing::Values(Precision::kF32, Precision::kF64));

TEST(TrainerTest, AnEarlyStopHoldsTheBestParametersAndMeasuresThemOnTheTestPart) {
  TrainingOptions options = Options();
  options.budget = {.epochs = 500};
  options.optimizer.learning_rate = 0.5;
  options.early_stopping = EarlyStoppingOptions{.patience = 3};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(trainer->end().reason, StopReason::kEarlyStop);
  EXPECT_EQ(trainer->end().held, ParametersHeld::kBest);
  const Checkpoint last = trainer->Snapshot();
  EXPECT_EQ(trainer->end().parameters_step, last.best->step);
  EXPECT_LT(last.best->step, last.step);
  EXPECT_NE(last.best->parameters, last.parameters);
  const auto& stop = std::get<EarlyStopReport>(sink.events[sink.events.size() - 2]);
  EXPECT_EQ(stop.best_step, last.best->step);
  EXPECT_GT(stop.training_gradient_norm, 0);
  EXPECT_EQ(std::get<EvaluationReport>(sink.events.back()).part, Part::kTest);
  EXPECT_EQ(std::get<EvaluationReport>(sink.events.back()).step, last.best->step);
}

TEST(TrainerTest, DivergenceIsToldWithItsStepAndExamplesAndKeepsTheLastFiniteParameters) {
  TrainingOptions options = Options();
  options.optimizer.learning_rate = 3e38;
  options.optimizer.rule = SgdOptions();
  options.budget.steps = 50;
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(trainer->end().reason, StopReason::kDivergence);
  const auto& divergence = std::get<DivergenceReport>(sink.events.back());
  EXPECT_EQ(divergence.rows.size(), divergence.step % 4 == 3 ? 12u : 16u);  // 60 examples by 16: the last minibatch is short
  EXPECT_THAT(trainer->end().parameters_step, ::testing::AnyOf(divergence.step, divergence.step - 1));
  const std::string parameters = trainer->Snapshot().parameters;
  for (size_t i = 0; i < parameters.size(); i += sizeof(float)) {
    float value;
    std::memcpy(&value, parameters.data() + i, sizeof(float));
    ASSERT_TRUE(std::isfinite(value)) << "parameter " << i / sizeof(float);
  }
  EXPECT_EQ(trainer->end().status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorReason(trainer->end().status), "DIVERGED");
}

TEST(TrainerTest, StopSoonEndsBeforeTheNextStepWithTheClosingMeasurements) {
  const std::unique_ptr<Trainer> trainer = Make(Options());
  RecordingSink sink;
  while (trainer->step() < 2) trainer->Advance(sink);
  trainer->StopSoon(StopReason::kRunningTime);
  trainer->StopSoon(StopReason::kCancelled);
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kRunningTime);
  EXPECT_THAT(sink.story, ElementsAre("step 0", "step 1", "evaluation of part 1 at 2", "evaluation of part 2 at 2"));
}

TEST(TrainerTest, InitialParametersReplaceTheDrawnOnes) {
  TrainingOptions options = Options();
  options.precision = Precision::kF64;
  options.initial_state.parameters = {{.name = "layers.1.bias", .shape = {3}, .values = {1, 2, 3}}};
  const Checkpoint checkpoint = Make(options)->Snapshot();
  const double* parameters = reinterpret_cast<const double*>(checkpoint.parameters.data());
  const size_t count = checkpoint.parameters.size() / sizeof(double);
  EXPECT_EQ(parameters[count - 3], 1);
  EXPECT_EQ(parameters[count - 1], 3);
}

TEST(TrainerTest, AGivenVelocityMovesTheFirstStep) {
  TrainingOptions still = Options();
  still.optimizer.rule = MomentumOptions{.momentum = 0.5};
  still.budget.steps = 1;
  TrainingOptions moving = still;
  moving.initial_state.velocity = {{.name = "layers.1.bias", .shape = {3}, .values = {1, 0, 0}}};
  EXPECT_NE(Digest(still), Digest(moving));
}

TEST(TrainerTest, ACheckpointOfAnotherRunIsRefused) {
  const Checkpoint checkpoint = Make(Options())->Snapshot();
  TrainingOptions options = Options();
  options.network.hidden = {DenseOptions{7, Tanh()}};
  const TrainingData data = Data();
  EXPECT_EQ(MakeTrainer(*PlanRun(options, data, kMemory), data, &checkpoint).status().code(),
            absl::StatusCode::kDataLoss);
  options = Options();
  options.optimizer.rule = SgdOptions();
  EXPECT_EQ(MakeTrainer(*PlanRun(options, data, kMemory), data, &checkpoint).status().code(),
            absl::StatusCode::kDataLoss);
}

std::string Refusal(const TrainingOptions& options) {
  return std::string(PlanRun(options, Data(), kMemory).status().message());
}

TEST(PlanRunTest, FillsInEveryDefault) {
  const RunPlan plan = *PlanRun({.data = {.dataset = "datasets/small"}}, Data(), kMemory);
  EXPECT_EQ(plan.options.data.target, "y");
  EXPECT_TRUE(std::holds_alternative<SoftmaxCrossEntropyOptions>(*plan.options.loss));
  EXPECT_EQ(std::get<int64_t>(plan.options.minibatches.batch), 32);
  EXPECT_EQ(plan.options.budget.epochs, 10);
  EXPECT_EQ(plan.total_steps, 10 * 4);
  EXPECT_EQ(plan.options.evaluation.metrics, DefaultMetrics(true));
}

TEST(PlanRunTest, RefusesOptionsThatDoNotFitEachOtherOrTheData) {
  const auto with = [](auto change) {
    TrainingOptions options = Options();
    change(options);
    return Refusal(options);
  };
  EXPECT_EQ(with([](TrainingOptions& o) { o.data.target = "z"; }),
            "data.target = z, must be a numeric or categorical column of datasets/small");
  EXPECT_EQ(with([](TrainingOptions& o) { o.minibatches.batch = int64_t{1000}; }),
            "minibatches.size = 1000, must be at most 60, the size of the training part");
  EXPECT_EQ(with([](TrainingOptions& o) { o.evaluation.metrics = {Metric::kRmse}; }),
            "evaluation.metrics[0] = rmse, must be a metric for classes");
  EXPECT_EQ(
      with([](TrainingOptions& o) {
        o.data.validation = std::monostate();
        o.early_stopping.emplace();
      }),
      "early_stopping = set, must be left out where there is no validation part; give data.validation_fraction or "
      "data.validation_dataset");
  EXPECT_EQ(with([](TrainingOptions& o) {
              o.optimizer.rule = SgdOptions();
              o.initial_state.velocity = {{.name = "layers.0.bias", .shape = {6}, .values = std::vector<double>(6)}};
            }),
            "initial_state.velocity = 1 tensors, must be left out with plain SGD, which has no velocity");
  EXPECT_EQ(with([](TrainingOptions& o) {
              o.initial_state.parameters = {{.name = "layers.0.bias", .shape = {7}, .values = std::vector<double>(7)}};
            }),
            "initial_state.parameters[0].shape = [7], must be [6]");
}

TEST(PlanRunTest, RefusesWhatDoesNotFitIntoMemoryWithTheNumbers) {
  TrainingOptions options = Options();
  options.network.hidden = {DenseOptions{1'000'000'000}};
  const absl::Status status = PlanRun(options, Data(), kMemory).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "INSUFFICIENT_MEMORY");
  EXPECT_THAT(std::string(status.message()), HasSubstr("GiB of memory, and jobs may use 1.00 GiB"));
  EXPECT_EQ(ErrorMetadata(status)["limit_bytes"], absl::StrCat(kMemory));
}

}  // namespace
}  // namespace trainyard
