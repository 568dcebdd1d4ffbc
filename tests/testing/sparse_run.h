// Runs on the same examples in a sparse and in a dense form.

#ifndef TRAINYARD_TESTS_TESTING_SPARSE_RUN_H_
#define TRAINYARD_TESTS_TESTING_SPARSE_RUN_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/data/read_dataset.h"
#include "core/model/output_pass.h"
#include "core/train/trainer.h"

namespace trainyard::sparse_run {

inline constexpr int64_t kMemory = int64_t{1} << 33;
inline constexpr int kRows = 120;
inline constexpr int kWidth = 600;
inline constexpr int kNonzeros = 6;

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

inline Sample MakeSample(int rows, int width, int nonzeros, int classes) {
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

inline std::shared_ptr<const Dataset> Open(const std::string& content, const ReadOptions& options) {
  auto sink = std::make_shared<StringSink>();
  const auto result = ReadDataset(content, options, {}, *sink);
  EXPECT_TRUE(result.ok()) << result.status();
  return *Dataset::Open(std::as_bytes(std::span(sink->bytes())), sink);
}

inline std::shared_ptr<const Dataset> Open(const std::string& content, Format format) {
  return Open(content, ReadOptions{.format = format});
}

class Recorder final : public RunSink {
 public:
  void Step(const StepMetrics& step) override { steps.push_back(step); }
  void Tell(const RunEvent& event) override {
    if (const auto* evaluation = std::get_if<EvaluationReport>(&event)) evaluations.push_back(*evaluation);
    if (const auto* stop = std::get_if<EarlyStopReport>(&event)) early_stops.push_back(*stop);
    if (const auto* divergence = std::get_if<DivergenceReport>(&event)) divergences.push_back(*divergence);
  }
  void Save(Checkpoint checkpoint) override { saved.push_back(std::move(checkpoint)); }
  void BeginAttempt(Checkpoint) override {}

  std::vector<StepMetrics> steps;
  std::vector<EvaluationReport> evaluations;
  std::vector<EarlyStopReport> early_stops;
  std::vector<DivergenceReport> divergences;
  std::vector<Checkpoint> saved;
};

inline TrainingOptions Options(const UpdateRuleOptions& rule) {
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

inline std::unique_ptr<Trainer> Make(const TrainingOptions& options, std::shared_ptr<const Dataset> dataset,
                                     const Checkpoint* checkpoint = nullptr) {
  const TrainingData data = {.training = std::move(dataset)};
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, kMemory);
  EXPECT_TRUE(plan.ok()) << plan.status();
  absl::StatusOr<std::unique_ptr<Trainer>> trainer = MakeTrainer(*std::move(plan), data, checkpoint);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

inline Recorder RunToEnd(Trainer& trainer) {
  Recorder recorder;
  while (trainer.Advance(recorder) == Trainer::Next::kMore) {
  }
  return recorder;
}

inline std::vector<double> ValuesOf(const std::string& bytes) {
  const double* const begin = reinterpret_cast<const double*>(bytes.data());
  return {begin, begin + bytes.size() / sizeof(double)};
}

inline std::vector<double> ParametersOf(const Trainer& trainer) { return ValuesOf(trainer.Snapshot().parameters); }

// 1e-12 of the largest.
inline void ExpectNear(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  double largest = 1;
  for (const double x : b) largest = std::max(largest, std::abs(x));
  for (size_t j = 0; j < a.size(); ++j) ASSERT_NEAR(a[j], b[j], 1e-12 * largest) << j;
}

// Trains on both and expects the same to 1e-12: every step, every evaluation and the parameters held. The sparse run's steps.
inline Recorder ExpectSparseEqualsDense(const TrainingOptions& options, std::shared_ptr<const Dataset> sparse_data,
                                        std::shared_ptr<const Dataset> dense_data) {
  const auto sparse = Make(options, std::move(sparse_data));
  const auto dense = Make(options, std::move(dense_data));
  EXPECT_TRUE(sparse->plan().layout.takes_sparse_steps());
  EXPECT_FALSE(HasSparseInputs(dense->plan().encoding));
  Recorder a = RunToEnd(*sparse);
  const Recorder b = RunToEnd(*dense);
  const auto column = [](const Recorder& recorder, auto value) {
    std::vector<double> values;
    for (const StepMetrics& step : recorder.steps) values.push_back(value(step));
    return values;
  };
  const auto expect_near = [&](auto value) { ExpectNear(column(a, value), column(b, value)); };
  expect_near([](const StepMetrics& step) { return static_cast<double>(step.step); });
  expect_near([](const StepMetrics& step) { return step.loss; });
  expect_near([](const StepMetrics& step) { return step.gradient_norm; });
  expect_near([](const StepMetrics& step) { return step.penalty.value_or(0); });
  expect_near([](const StepMetrics& step) { return step.clipped_gradient_norm.value_or(0); });
  const auto losses = [](const Recorder& recorder) {
    std::vector<double> values;
    for (const EvaluationReport& evaluation : recorder.evaluations) values.push_back(evaluation.values[0].value);
    return values;
  };
  ExpectNear(losses(a), losses(b));
  EXPECT_EQ(a.early_stops.size(), b.early_stops.size());
  for (size_t i = 0; i < std::min(a.early_stops.size(), b.early_stops.size()); ++i) {
    EXPECT_NEAR(a.early_stops[i].training_gradient_norm, b.early_stops[i].training_gradient_norm, 1e-12);
  }
  EXPECT_EQ(sparse->end().reason, dense->end().reason);
  EXPECT_EQ(sparse->end().parameters_step, dense->end().parameters_step);
  EXPECT_EQ(sparse->clipped_steps(), dense->clipped_steps());
  const Checkpoint p = sparse->Snapshot();
  const Checkpoint q = dense->Snapshot();
  ExpectNear(ValuesOf(p.parameters), ValuesOf(q.parameters));
  EXPECT_EQ(p.best.has_value(), q.best.has_value());
  if (p.best.has_value() && q.best.has_value()) ExpectNear(ValuesOf(p.best->parameters), ValuesOf(q.best->parameters));
  return a;
}

// Expects a run from each of its checkpoints, `every` so many steps, to end with the bits of the whole run.
inline void ExpectTheSameBitsFromAnyCheckpoint(TrainingOptions options, std::shared_ptr<const Dataset> dataset,
                                               int64_t every) {
  const auto without_checkpoints = Make(options, dataset);
  RunToEnd(*without_checkpoints);
  options.checkpoints.every_steps = every;
  const auto whole = Make(options, dataset);
  const Recorder told = RunToEnd(*whole);
  EXPECT_EQ(whole->Snapshot(), without_checkpoints->Snapshot());
  ASSERT_GE(told.saved.size(), 4u);
  for (const Checkpoint& checkpoint : told.saved) {
    const auto resumed = Make(options, dataset, &checkpoint);
    const Recorder again = RunToEnd(*resumed);
    EXPECT_EQ(resumed->Snapshot(), whole->Snapshot()) << "from step " << checkpoint.step;
    ASSERT_LE(again.steps.size(), told.steps.size());
    EXPECT_TRUE(std::equal(again.steps.rbegin(), again.steps.rend(), told.steps.rbegin()));
  }
}

}  // namespace trainyard::sparse_run

#endif  // TRAINYARD_TESTS_TESTING_SPARSE_RUN_H_
