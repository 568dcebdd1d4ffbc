// What the loss decides of a run: its metrics, its targets; and what maxout layers take.

#include "core/base/status.h"
#include "core/data/dataset_builder.h"
#include "core/train/memory_estimate.h"
#include "core/train/trainer.h"
#include "gmock/gmock.h"
#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

using ::testing::Contains;
using ::testing::Not;

TrainingData TwoClasses() { return {.training = MakeSmallDataset(100, 4, 2)}; }

TEST(LossOfRunTest, LogLossIsADefaultOnlyWhereThereAreProbabilities) {
  TrainingOptions options = Options();
  options.loss = LogisticOptions();
  EXPECT_THAT(CheckRun(options, TwoClasses(), kMemory)->options.evaluation.metrics, Contains(Metric::kLogLoss));
  options.loss = HingeOptions();
  EXPECT_THAT(CheckRun(options, TwoClasses(), kMemory)->options.evaluation.metrics, Not(Contains(Metric::kLogLoss)));
}

TEST(LossOfRunTest, LogLossWithoutProbabilitiesIsRefusedWhereverItIsAskedFor) {
  constexpr std::string_view kRule = " = log_loss, must be left out with a loss that gives no probabilities";
  TrainingOptions options = Options();
  options.loss = MulticlassHingeOptions();
  options.evaluation.metrics = {Metric::kAccuracy, Metric::kLogLoss};
  EXPECT_EQ(CheckRun(options, Data(), kMemory).status().message(), "evaluation.metrics[1]" + std::string(kRule));
  options.evaluation.metrics = {Metric::kAccuracy};
  options.early_stopping = EarlyStoppingOptions{.metric = Metric::kLogLoss};
  EXPECT_EQ(CheckRun(options, Data(), kMemory).status().message(), "early_stopping.metric" + std::string(kRule));
}

TEST(LossOfRunTest, ALossWithoutProbabilitiesIsMeasuredByItsScores) {
  TrainingOptions options = Options();
  options.loss = MulticlassHingeOptions();
  options.budget.steps = 200;
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  const auto& test = std::get<EvaluationReport>(sink.events.back());
  ASSERT_EQ(test.values.size(), 3u);
  EXPECT_EQ(test.values[1].metric, Metric::kAccuracy);
  EXPECT_EQ(test.values[2].metric, Metric::kZeroOneError);
  EXPECT_DOUBLE_EQ(test.values[1].value + test.values[2].value, 1);
  EXPECT_GT(test.values[1].value, 0);
}

// Five rows whose targets are 1, 2, 3, 4 and `last`.
TrainingData Counts(double last) {
  Schema schema;
  schema.columns.push_back({.name = "x"});
  schema.columns.push_back({.name = "y", .role = ColumnRole::kTarget});
  DatasetBuilder builder(schema);
  for (int i = 0; i < 5; ++i) builder.AddRow(std::vector<double>{i * 1.0, i < 4 ? i + 1.0 : last});
  return {.training = std::move(builder).Build()};
}

TEST(LossOfRunTest, PoissonRefusesATargetBelowZeroInEveryPart) {
  TrainingOptions options;
  options.data.dataset = "datasets/counts";
  options.minibatches.batch = int64_t{1};
  options.loss = PoissonOptions();
  EXPECT_TRUE(PlanRun(options, Counts(0), kMemory).ok());
  const absl::Status status = PlanRun(options, Counts(-0.5), kMemory).status();
  EXPECT_EQ(status.message(), "row 5, column \"y\": the target is -0.5, and the loss wants at least 0");
  EXPECT_EQ(ErrorReason(status), "BAD_DATA");
  TrainingData apart = Counts(0);
  apart.validation = Counts(-0.5).training;
  options.data.validation = "datasets/others";
  EXPECT_EQ(ErrorReason(PlanRun(options, apart, kMemory).status()), "BAD_DATA");
  options.loss = SquaredOptions();
  EXPECT_TRUE(PlanRun(options, apart, kMemory).ok());
}

TEST(LossOfRunTest, TheZeroOneLossIsRefused) {
  TrainingOptions options = Options();
  options.loss = ZeroOneOptions();
  EXPECT_EQ(ErrorField(CheckRun(options, Data(), kMemory).status()), "loss.zero_one");
}

TEST(LossOfRunTest, MorePiecesTakeMoreMemory) {
  const auto memory = [](LayerOptions layer) {
    TrainingOptions options = Options();
    options.network.hidden = {layer};
    return CheckRun(options, Data(), kMemory)->memory_bytes;
  };
  EXPECT_GT(memory(MaxoutOptions{100, 2}), memory(DenseOptions{100}));
  EXPECT_GT(memory(MaxoutOptions{100, 4}), memory(MaxoutOptions{100, 2}));
}

TEST(LossOfRunTest, AMaxoutRunFromACheckpointEndsWithTheBitsOfTheWholeRun) {
  TrainingOptions options = Options();
  options.network.hidden = {MaxoutOptions{5, 3}, MaxoutOptions{4, 2}};
  options.checkpoints.every_steps = 3;
  const std::unique_ptr<Trainer> whole = Make(options);
  RecordingSink told;
  RunToEnd(*whole, told);
  const std::unique_ptr<Trainer> resumed = Make(options, &told.saved.front());
  RecordingSink sink;
  RunToEnd(*resumed, sink);
  EXPECT_EQ(resumed->Snapshot().parameters_digest, whole->Snapshot().parameters_digest);
}

}  // namespace
}  // namespace trainyard
