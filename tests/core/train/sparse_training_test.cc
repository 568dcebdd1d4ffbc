// Training on sparse data: equal to dense training of the same numbers, to the bit after an interruption, and at a cost of the non-zeros.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/data/read_dataset.h"
#include "core/model/output_pass.h"
#include "core/train/memory_estimate.h"
#include "core/train/trainer.h"

namespace trainyard {
namespace {

constexpr int64_t kMemory = int64_t{1} << 33;
constexpr int kRows = 120;
constexpr int kWidth = 600;
constexpr int kNonzeros = 6;

// Examples in two forms of text.
struct Sample {
  int width = 0;
  std::vector<std::map<int, double>> rows;
  std::vector<int> labels;

  std::string Libsvm() const {
    std::string text;
    for (size_t i = 0; i < rows.size(); ++i) {
      text += std::to_string(labels[i]);
      for (const auto& [j, x] : rows[i]) text += " " + std::to_string(j + 1) + ":" + std::to_string(x);
      text += "\n";
    }
    return text;
  }
  std::string Csv() const {
    std::string text;
    for (int j = 0; j < width; ++j) text += "f" + std::to_string(j) + ",";
    text += "label\n";
    for (size_t i = 0; i < rows.size(); ++i) {
      for (int j = 0; j < width; ++j) text += (rows[i].contains(j) ? std::to_string(rows[i].at(j)) : "0") + ",";
      text += std::to_string(labels[i]) + "\n";
    }
    return text;
  }
};

Sample MakeSample(int rows, int width, int nonzeros, int classes) {
  Sample sample{.width = width};
  const RandomStream random(7, RandomPurpose::kSplit, 0);
  uint64_t draw = 0;
  for (int i = 0; i < rows; ++i) {
    std::map<int, double> row;
    double sum = 0;
    for (int k = 0; k < nonzeros; ++k) {
      // The first row has the last index, so that the width is `width`.
      const int j = i == 0 && k == 0 ? width - 1 : static_cast<int>(random.Uniform(draw++) * width);
      row[j] = std::floor(random.Uniform(draw++) * 64 - 32) / 8 + 0.0625;
      sum += row[j] * (j % 3 - 1);
    }
    sample.rows.push_back(std::move(row));
    sample.labels.push_back((static_cast<int>(std::floor(sum)) % classes + classes) % classes);
  }
  return sample;
}

std::shared_ptr<const Dataset> Open(const std::string& content, Format format) {
  auto bytes = std::make_shared<std::string>();
  const auto append = [&bytes](std::string_view part) {
    bytes->append(part);
    return absl::OkStatus();
  };
  ReadOptions options;
  options.format = format;
  const auto result = ReadDataset(content, options, {}, append);
  EXPECT_TRUE(result.ok()) << result.status();
  return *Dataset::Open(std::as_bytes(std::span(*bytes)), bytes);
}

class Recorder final : public RunSink {
 public:
  void Step(const StepMetrics& step) override { steps.push_back(step); }
  void Tell(const RunEvent& event) override {
    if (const auto* evaluation = std::get_if<EvaluationReport>(&event)) evaluations.push_back(*evaluation);
  }
  void Save(Checkpoint checkpoint) override { saved.push_back(std::move(checkpoint)); }
  void BeginAttempt(Checkpoint) override {}

  std::vector<StepMetrics> steps;
  std::vector<EvaluationReport> evaluations;
  std::vector<Checkpoint> saved;
};

TrainingOptions Options(const UpdateRuleOptions& rule) {
  TrainingOptions options;
  options.data.dataset = "datasets/sparse";
  options.data.encoding.scaling = Scaling::kNone;
  options.data.validation = 0.2;
  options.evaluation.every = EverySteps{50};
  options.optimizer.learning_rate = 0.02;
  options.optimizer.rule = rule;
  options.minibatches.batch = int64_t{32};
  options.budget.steps = 300;
  options.precision = Precision::kF64;
  return options;
}

std::unique_ptr<Trainer> Make(const TrainingOptions& options, std::shared_ptr<const Dataset> dataset,
                              const Checkpoint* checkpoint = nullptr) {
  const TrainingData data = {.training = std::move(dataset)};
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, kMemory);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = MakeTrainer(*std::move(plan), data, checkpoint);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

Recorder RunToEnd(Trainer& trainer) {
  Recorder recorder;
  while (trainer.Advance(recorder) == Trainer::Next::kMore) {
  }
  return recorder;
}

std::vector<double> ParametersOf(const Trainer& trainer) {
  const std::string bytes = trainer.Snapshot().parameters;
  const double* const begin = reinterpret_cast<const double*>(bytes.data());
  return {begin, begin + bytes.size() / sizeof(double)};
}

struct Case {
  UpdateRuleOptions rule;
  int64_t batch;  // 0: full
  int classes;    // 2: logistic; more: softmax
};

class SparseTrainingTest : public ::testing::TestWithParam<Case> {
 protected:
  TrainingOptions GivenOptions() const {
    TrainingOptions options = Options(GetParam().rule);
    if (GetParam().batch == 0) {
      options.minibatches.batch = FullBatch();
    } else {
      options.minibatches.batch = GetParam().batch;
    }
    if (GetParam().classes == 2) options.loss = LogisticOptions();
    return options;
  }
};

TEST_P(SparseTrainingTest, EqualsDenseTraining) {
  const Sample sample = MakeSample(kRows, kWidth, kNonzeros, GetParam().classes);
  const auto sparse = Make(GivenOptions(), Open(sample.Libsvm(), Format::kLibsvm));
  const auto dense = Make(GivenOptions(), Open(sample.Csv(), Format::kCsv));
  ASSERT_TRUE(HasSparseInputs(sparse->plan().encoding));
  ASSERT_FALSE(HasSparseInputs(dense->plan().encoding));
  const Recorder a = RunToEnd(*sparse);
  const Recorder b = RunToEnd(*dense);
  ASSERT_EQ(a.steps.size(), 300u);
  for (size_t k = 0; k < a.steps.size(); ++k) {
    EXPECT_NEAR(a.steps[k].loss, b.steps[k].loss, 1e-12 * std::max(1.0, b.steps[k].loss)) << k;
    EXPECT_NEAR(a.steps[k].gradient_norm, b.steps[k].gradient_norm, 1e-12 * std::max(1.0, b.steps[k].gradient_norm));
  }
  ASSERT_EQ(a.evaluations.size(), b.evaluations.size());
  for (size_t i = 0; i < a.evaluations.size(); ++i) {
    EXPECT_NEAR(a.evaluations[i].values[0].value, b.evaluations[i].values[0].value, 1e-11);
  }
  const std::vector<double> p = ParametersOf(*sparse);
  const std::vector<double> q = ParametersOf(*dense);
  ASSERT_EQ(p.size(), q.size());
  double largest = 0;
  for (const double x : q) largest = std::max(largest, std::abs(x));
  for (size_t j = 0; j < p.size(); ++j) ASSERT_NEAR(p[j], q[j], 1e-12 * largest) << j;
}

TEST_P(SparseTrainingTest, ARunFromAnyCheckpointEndsWithTheBitsOfTheWholeRun) {
  const auto dataset = Open(MakeSample(kRows, kWidth, kNonzeros, GetParam().classes).Libsvm(), Format::kLibsvm);
  TrainingOptions options = GivenOptions();
  options.budget.steps = 40;
  options.evaluation.every = EverySteps{7};
  const auto without_checkpoints = Make(options, dataset);
  RunToEnd(*without_checkpoints);
  options.checkpoints.every_steps = 9;
  const auto whole = Make(options, dataset);
  const Recorder told = RunToEnd(*whole);
  EXPECT_EQ(whole->Snapshot(), without_checkpoints->Snapshot());
  ASSERT_GE(told.saved.size(), 4u);
  for (const Checkpoint& checkpoint : told.saved) {
    const auto resumed = Make(options, dataset, &checkpoint);
    const Recorder again = RunToEnd(*resumed);
    EXPECT_EQ(resumed->Snapshot(), whole->Snapshot()) << "from step " << checkpoint.step;
    for (const StepMetrics& step : again.steps) EXPECT_EQ(step, told.steps[step.step]);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SparseTrainingTest,
                         ::testing::Values(Case{SgdOptions(), 1, 2}, Case{SgdOptions(), 32, 3},
                                           Case{SgdOptions(), 0, 2}, Case{MomentumOptions(), 1, 3},
                                           Case{MomentumOptions(), 32, 2}, Case{MomentumOptions(), 0, 3},
                                           Case{NesterovOptions(), 1, 2}, Case{NesterovOptions(), 32, 3},
                                           Case{NesterovOptions(), 0, 2}));

TEST(SparseRunTest, PenaltiesDecayClippingAndSchedulesEqualDenseOnes) {
  const Sample sample = MakeSample(kRows, kWidth, kNonzeros, 3);
  const auto libsvm = Open(sample.Libsvm(), Format::kLibsvm);
  const auto csv = Open(sample.Csv(), Format::kCsv);
  const std::vector<RegularizationOptions> penalties = {
      {.l2 = 0.01}, {.l2 = 0.01, .l1 = 0.001}, {.l2 = 0.001, .weight_decay = 0.01}, {}};
  const std::vector<ClippingOptions> clippings = {NoClipping(), ClipGlobalNorm{0.5}, ClipValue{0.02},
                                                  ClipLayerNorm{0.4}};
  const std::vector<UpdateRuleOptions> rules = {SgdOptions(), MomentumOptions(), NesterovOptions()};
  for (size_t i = 0; i < penalties.size() * clippings.size(); ++i) {
    TrainingOptions options = Options(rules[i % 3]);
    options.regularization = penalties[i / clippings.size()];
    options.optimizer.clipping = clippings[i % clippings.size()];
    if (i % 2 == 1) options.optimizer.schedule.kind = LinearOptions();
    options.budget.steps = 60;
    const auto sparse = Make(options, libsvm);
    const auto dense = Make(options, csv);
    const Recorder a = RunToEnd(*sparse);
    const Recorder b = RunToEnd(*dense);
    for (size_t k = 0; k < a.steps.size(); ++k) {
      ASSERT_NEAR(a.steps[k].loss, b.steps[k].loss, 1e-12) << i;
      ASSERT_NEAR(a.steps[k].gradient_norm, b.steps[k].gradient_norm, 1e-12) << i;
      ASSERT_NEAR(a.steps[k].penalty.value_or(0), b.steps[k].penalty.value_or(0), 1e-12) << i;
      ASSERT_NEAR(a.steps[k].clipped_gradient_norm.value_or(0), b.steps[k].clipped_gradient_norm.value_or(0), 1e-12)
          << i;
    }
    const std::vector<double> p = ParametersOf(*sparse);
    const std::vector<double> q = ParametersOf(*dense);
    for (size_t j = 0; j < p.size(); ++j) ASSERT_NEAR(p[j], q[j], 1e-12) << i;
  }
}

TEST(SparseRunTest, ADivergedRunHoldsItsLastFiniteParameters) {
  const auto dataset = Open(MakeSample(kRows, kWidth, kNonzeros, 2).Libsvm(), Format::kLibsvm);
  for (const double l2 : {0.0, 0.1}) {
    TrainingOptions options = Options(NesterovOptions());
    options.data.target = "label";
    options.loss = LogisticOptions();
    options.optimizer.learning_rate = 1e307;
    options.regularization.l2 = l2;
    const auto trainer = Make(options, dataset);
    RunToEnd(*trainer);
    EXPECT_EQ(trainer->end().reason, StopReason::kDivergence);
    for (const double x : ParametersOf(*trainer)) ASSERT_TRUE(std::isfinite(x));
  }
}

TEST(SparseRunTest, ALongMinibatchGoesPartByPart) {
  const Sample sample = MakeSample(700, kWidth, kNonzeros, 2);
  TrainingOptions options = Options(NesterovOptions());
  options.minibatches.batch = FullBatch();
  options.budget.steps = 20;
  const auto sparse = Make(options, Open(sample.Libsvm(), Format::kLibsvm));
  const auto dense = Make(options, Open(sample.Csv(), Format::kCsv));
  RunToEnd(*sparse);
  RunToEnd(*dense);
  const std::vector<double> p = ParametersOf(*sparse);
  const std::vector<double> q = ParametersOf(*dense);
  for (size_t j = 0; j < p.size(); ++j) ASSERT_NEAR(p[j], q[j], 1e-12);
}

TEST(SparseRunTest, WideCategoriesTakeSparseStepsAndEqualDenseOnes) {
  TrainingOptions options = Options(MomentumOptions());
  options.data.validation = std::monostate();
  options.budget.steps = 100;
  std::string wide = "k,y\n";
  for (int i = 0; i < 1200; ++i)
    wide += "c" + std::to_string(i % 599) + "," + std::to_string(i % 3 == 0 ? 1.5 : 0.25) + "\n";
  const auto sparse = Make(options, Open(wide, Format::kCsv));
  ASSERT_TRUE(TakesSparseSteps(sparse->plan().layout, HasSparseInputs(sparse->plan().encoding)));
  RunToEnd(*sparse);
  // One-hot columns by hand.
  std::string hot;
  for (int j = 0; j < 599; ++j) hot += "k" + std::to_string(j) + ",";
  hot += "none,y\n";
  for (int i = 0; i < 1200; ++i) {
    for (int j = 0; j < 599; ++j) hot += i % 599 == j ? "1," : "0,";
    hot += "0," + std::to_string(i % 3 == 0 ? 1.5 : 0.25) + "\n";
  }
  const auto dense = Make(options, Open(hot, Format::kCsv));
  RunToEnd(*dense);
  const std::vector<double> p = ParametersOf(*sparse);
  const std::vector<double> q = ParametersOf(*dense);
  ASSERT_EQ(p.size(), q.size());
  for (size_t j = 0; j < p.size(); ++j) ASSERT_NEAR(p[j], q[j], 1e-12) << j;
}

TEST(SparseRunTest, AHiddenLayerOrFewInputsTakeDenseSteps) {
  const auto layout = [](NetworkOptions network, int64_t inputs) { return *ParameterLayout::Make(network, inputs, 1); };
  EXPECT_TRUE(TakesSparseSteps(layout({}, 512), true));
  EXPECT_FALSE(TakesSparseSteps(layout({}, 512), false));
  EXPECT_FALSE(TakesSparseSteps(layout({.hidden = {DenseOptions{4, Tanh()}}}, 512), true));
}

TEST(SparseRunTest, AHiddenLayerOverSparseDataTrains) {
  const Sample sample = MakeSample(60, 40, 4, 2);
  TrainingOptions options = Options(NesterovOptions());
  options.network.hidden = {DenseOptions{4, Tanh()}};
  options.budget.steps = 30;
  const auto sparse = Make(options, Open(sample.Libsvm(), Format::kLibsvm));
  const auto dense = Make(options, Open(sample.Csv(), Format::kCsv));
  RunToEnd(*sparse);
  RunToEnd(*dense);
  EXPECT_EQ(sparse->Snapshot().parameters, dense->Snapshot().parameters);
}

TEST(SparseRunTest, MemoryGrowsWithTheWidthNotWithRowsTimesWidth) {
  const auto dataset = Open(MakeSample(2000, 20'000, 10, 2).Libsvm(), Format::kLibsvm);
  TrainingOptions options = Options(NesterovOptions());
  options.precision = Precision::kF32;
  options.loss = LogisticOptions();
  options.budget.steps = 10;
  const auto trainer = Make(options, dataset);
  EXPECT_EQ(RunToEnd(*trainer).steps.size(), 10u);
  EXPECT_LT(trainer->plan().memory_bytes, int64_t{20'000} * 128 + (4 << 20));
}

}  // namespace
}  // namespace trainyard
