#include "core/train/measuring.h"

#include <cmath>

#include "core/base/status.h"
#include "core/data/dataset_builder.h"
#include "core/train/memory_estimate.h"
#include "core/train/trainer.h"
#include "gmock/gmock.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr int64_t kMemory = int64_t{1} << 30;

class EvaluationSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override {}
  void Tell(const RunEvent& event) override {
    if (const auto* report = std::get_if<EvaluationReport>(&event)) reports.push_back(*report);
  }
  void Save(Checkpoint) override {}
  void BeginAttempt(Checkpoint) override {}

  std::vector<EvaluationReport> reports;
};

TrainingOptions Options() {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.data.validation = 0.25;
  options.budget.steps = 40;
  options.evaluation.every = EverySteps{10};
  return options;
}

std::vector<EvaluationReport> Evaluations(const TrainingOptions& options, int classes = 3) {
  const TrainingData data{.training = MakeSmallDataset(120, 4, classes)};
  auto trainer = MakeTrainer(PlanRun(options, data, kMemory).value(), data, nullptr).value();
  EvaluationSink sink;
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  return sink.reports;
}

absl::Status Check(const TrainingOptions& options, int classes = 3) {
  return CheckRun(options, {.training = MakeSmallDataset(120, 4, classes)}, kMemory).status();
}

std::vector<Metric> Metrics(const EvaluationReport& report) {
  std::vector<Metric> metrics;
  for (const MetricValue& value : report.values) metrics.push_back(value.metric);
  return metrics;
}

TEST(MeasuringTest, TellsTheSurrogateLossThenTheMetricsAskedFor) {
  TrainingOptions options = Options();
  options.evaluation.metrics = {Metric::kAuc, Metric::kMacroF1, Metric::kTopKAccuracy};
  for (const EvaluationReport& report : Evaluations(options)) {
    EXPECT_THAT(Metrics(report), ElementsAre(Metric::kLoss, Metric::kAuc, Metric::kMacroF1, Metric::kTopKAccuracy));
    for (const MetricValue& value : report.values) EXPECT_TRUE(std::isfinite(value.value)) << Name(value.metric);
  }
}

TEST(MeasuringTest, EveryMetricThatFitsCanBeWatchedWithoutBeingTold) {
  for (const int classes : {0, 3}) {
    for (const Metric metric : kAllMetrics) {
      if (!Fits(metric, classes > 0)) continue;
      TrainingOptions options = Options();
      options.evaluation.metrics = {Metric::kLoss};
      options.early_stopping.emplace();
      options.early_stopping->metric = metric;
      for (const EvaluationReport& report : Evaluations(options, classes)) {
        ASSERT_TRUE(report.patience.has_value());
        EXPECT_EQ(report.patience->metric, metric);
        EXPECT_TRUE(std::isfinite(report.patience->best_value)) << Name(metric);
        EXPECT_THAT(report.values, SizeIs(1));
      }
    }
  }
}

TEST(MeasuringTest, RulesMeasureWhatTheyWatch) {
  TrainingOptions options = Options();
  options.evaluation.metrics = {Metric::kAccuracy};
  options.budget.target_metric = TargetMetric{.metric = Metric::kAuc, .value = 1};
  options.optimizer.schedule.kind = ReduceOnPlateauOptions{.metric = Metric::kMacroF1};
  options.early_stopping.emplace();
  options.early_stopping->metric = Metric::kLogLoss;
  EXPECT_THAT(PlanMeasuring(options, 3).metrics,
              UnorderedElementsAre(Metric::kAccuracy, Metric::kAuc, Metric::kMacroF1, Metric::kLogLoss));
}

// The only row of the validation part has no target.
std::shared_ptr<const Dataset> WithoutValidationRows() {
  Schema schema{.columns = {{.name = "x"}, {.name = "y", .role = ColumnRole::kTarget}}};
  schema.columns.push_back({.name = "part",
                            .type = ColumnType::kCategorical,
                            .role = ColumnRole::kSplit,
                            .categories = {{.value = "train"}, {.value = "validation"}}});
  DatasetBuilder builder(schema);
  for (const double x : {1, 2, 3, 4}) builder.AddRow(std::vector<double>{x, x, 0});
  builder.AddRow(std::vector<double>{5, std::nan(""), 1});
  return std::move(builder).Build();
}

TEST(MeasuringTest, ARuleNeedsRowsToWatch) {
  const TrainingData data{.training = WithoutValidationRows()};
  const auto field = [&](auto change) {
    TrainingOptions options = Options();
    options.data.validation = std::monostate();
    change(options);
    return ErrorField(PlanRun(options, data, kMemory).status());
  };
  EXPECT_EQ(field([](auto& o) { o.early_stopping.emplace(); }), "early_stopping");
  EXPECT_EQ(field([](auto& o) { o.budget.target_metric = TargetMetric(); }), "budget.target_metric");
  EXPECT_EQ(field([](auto& o) { o.optimizer.schedule.kind = ReduceOnPlateauOptions(); }),
            "optimizer.schedule.reduce_on_plateau");
}

TEST(MeasuringTest, TheConfusionMatrixCountsEveryExampleOfThePart) {
  TrainingOptions options = Options();
  options.evaluation.confusion_matrix = true;
  const std::vector<EvaluationReport> reports = Evaluations(options);
  ASSERT_TRUE(reports.back().confusion_matrix.has_value());
  const ConfusionMatrix& matrix = *reports.back().confusion_matrix;
  EXPECT_THAT(matrix.counts, SizeIs(9));
  int64_t examples = 0;
  int64_t correct = 0;
  for (size_t i = 0; i < 9; ++i) {
    examples += matrix.counts[i];
    if (i % 4 == 0) correct += matrix.counts[i];
  }
  EXPECT_EQ(examples, 30);
  EXPECT_THAT(reports.back().values, Contains(MetricValue{Metric::kAccuracy, static_cast<double>(correct) / 30}));
  EXPECT_EQ(Evaluations(Options()).back().confusion_matrix, std::nullopt);
}

TEST(MeasuringTest, TopKHasItsDefaultByTheNumberOfClasses) {
  const TrainingData data{.training = MakeSmallDataset(120, 4, 3)};
  EXPECT_EQ(CheckRun(Options(), data, kMemory)->options.evaluation.top_k, 2);
  TrainingOptions options = Options();
  options.evaluation.top_k = 0;
  EXPECT_EQ(Check(options).message(), "evaluation.top_k = 0, must be at least 1");
}

TEST(MeasuringTest, AMetricFitsTheTarget) {
  TrainingOptions options = Options();
  options.evaluation.metrics = {Metric::kMae, Metric::kAuc};
  EXPECT_EQ(Check(options, 3).message(), "evaluation.metrics[0] = mae, must be a metric for classes");
  EXPECT_EQ(Check(options, 0).message(), "evaluation.metrics[1] = auc, must be a metric for numbers");
  options = Options();
  options.early_stopping.emplace();
  options.early_stopping->metric = Metric::kR2;
  EXPECT_EQ(Check(options).message(), "early_stopping.metric = r2, must be a metric for classes");
}

TEST(MeasuringTest, AConfusionMatrixIsForUpToAHundredClasses) {
  TrainingOptions options = Options();
  options.evaluation.confusion_matrix = true;
  EXPECT_TRUE(Check(options, 100).ok());
  EXPECT_EQ(ErrorField(Check(options, 101)), "evaluation.confusion_matrix");
  EXPECT_EQ(Check(options, 101).message(),
            "evaluation.confusion_matrix = true, must be false for a target of 101 classes, which are more than 100");
  EXPECT_EQ(Check(options, 0).message(), "evaluation.confusion_matrix = true, must be false for a numeric target");
}

TEST(MeasuringTest, ScoresThatTheAreaUnderTheCurveNeedsAreMemory) {
  const TrainingData data{.training = MakeSmallDataset(10'000, 2, 3)};
  TrainingOptions options = Options();
  const int64_t without = CheckRun(options, data, kMemory)->memory_bytes;
  options.evaluation.metrics = {Metric::kAuc};
  const int64_t with = CheckRun(options, data, kMemory)->memory_bytes;
  EXPECT_EQ(with - without, 2'500 * (3 * 8 + 8 + 4));  // a quarter is measured
  EXPECT_EQ(ErrorReason(CheckRun(options, data, with - 1).status()), "INSUFFICIENT_MEMORY");
}

TEST(MeasuringTest, ClassWeightsAreForTheClassesOfACategoricalTarget) {
  TrainingOptions options = Options();
  options.data.class_weights = BalancedClasses();
  EXPECT_TRUE(Check(options).ok());
  EXPECT_EQ(Check(options, 0).message(), "data.class_weights = set, must be left out for a numeric target");
  options.data.class_weights = GivenClassWeights{{{"c9", 2}}};
  EXPECT_EQ(Check(options).message(),
            "data.class_weights.given.weights[c9] = 2, must be of one of the target's classes: \"c0\", \"c1\", \"c2\"");
  options.data.class_weights = GivenClassWeights{{{"c1", -2}}};
  EXPECT_EQ(Check(options).message(), "data.class_weights.given.weights[c1] = -2, must be positive and finite");
}

// On validation as on training: the mean over examples of their weight times their loss.
TEST(MeasuringTest, TheSurrogateLossHasTheWeightsOfTheClasses) {
  TrainingOptions options = Options();
  options.optimizer.learning_rate = 1e-300;
  options.data.class_weights = GivenClassWeights{{{"c0", 3}, {"c1", 0.25}}};
  const TrainingData data{.training = MakeSmallDataset(120, 4, 3)};
  const RunPlan plan = PlanRun(options, data, kMemory).value();
  // Parameters of 0 give each class the probability 1/3.
  for (const TensorShape& tensor : plan.layout.tensors()) {
    options.initial_state.parameters.push_back(
        {.name = tensor.name, .shape = {tensor.dimensions.begin(), tensor.dimensions.end()}, .values = {}});
    options.initial_state.parameters.back().values.resize(tensor.size);
  }
  double weights = 0;
  for (const uint32_t row : plan.validation_rows) {
    weights += plan.encoding.weight_scale * plan.encoding.target.class_weights[data.training->Code(row, 4)];
  }
  const double expected = std::log(3.0) * weights / static_cast<double>(plan.validation_rows.size());
  EXPECT_NEAR(Evaluations(options).front().values[0].value, expected, 1e-6);
}

}  // namespace
}  // namespace trainyard
