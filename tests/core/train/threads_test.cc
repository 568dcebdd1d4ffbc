// Whatever helps, and however many, a run has the same bits.

#include <atomic>
#include <thread>
#include <vector>

#include "core/base/crew.h"
#include "core/base/random.h"
#include "core/data/dataset_builder.h"
#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

constexpr int kFeatures = 330;

std::shared_ptr<const Dataset> NoisyClasses(int row_count) {
  Schema schema;
  for (int j = 0; j < kFeatures; ++j) schema.columns.push_back({.name = absl::StrCat("x", j)});
  Column target{.name = "y", .type = ColumnType::kCategorical, .role = ColumnRole::kTarget};
  for (const char* name : {"a", "b", "c"}) target.categories.push_back({.value = name});
  schema.columns.push_back(target);
  DatasetBuilder builder(schema);
  const RandomStream random(5, RandomPurpose::kSplit, 0);
  std::vector<double> cells(kFeatures + 1);
  for (int i = 0; i < row_count; ++i) {
    for (int j = 0; j < kFeatures; ++j) cells[j] = random.Uniform(static_cast<uint64_t>(i) * kFeatures + j);
    cells.back() = i % 3;
    builder.AddRow(cells);
  }
  return std::move(builder).Build();
}

struct Trace {
  std::string digest;
  std::vector<StepMetrics> steps;
};

// A run whose layers are wide enough to be shared, with helpers that have nothing else to do.
Trace TraceOf(const TrainingOptions& options, const TrainingData& data, int helper_count) {
  Crew crew(std::max(helper_count, 1), [] {});
  std::atomic<bool> over = false;
  std::vector<std::thread> helpers;
  for (int i = 0; i < helper_count; ++i) {
    helpers.emplace_back([&] {
      while (!over.load()) crew.Help([&] { return over.load(); });
    });
  }
  const std::unique_ptr<Trainer> trainer =
      *MakeTrainer(*PlanRun(options, data, kMemory), data, nullptr, helper_count > 0 ? &crew : nullptr);
  RecordingSink sink;
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  over = true;
  for (std::thread& helper : helpers) helper.join();
  return {trainer->Snapshot().parameters_digest, sink.steps};
}

void ExpectTheSameBits(const TrainingOptions& options) {
  const TrainingData data{.training = NoisyClasses(300)};
  const Trace alone = TraceOf(options, data, 0);
  for (const int helpers : {1, 3}) {
    const Trace shared = TraceOf(options, data, helpers);
    EXPECT_EQ(shared.digest, alone.digest) << helpers;
    EXPECT_EQ(shared.steps, alone.steps) << helpers;
  }
}

TrainingOptions WideOptions() {
  TrainingOptions options;
  options.data.dataset = "datasets/noisy";
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.network.hidden = {DenseOptions{272, Relu()}, DenseOptions{240, Tanh()}};
  options.minibatches.batch = int64_t{128};  // the last of an epoch has 44
  options.budget.steps = 9;
  return options;
}

TEST(ThreadsTest, HelpersChangeNoBit) { ExpectTheSameBits(WideOptions()); }

TEST(ThreadsTest, HelpersChangeNoBitOfAClippedRun) {
  TrainingOptions options = WideOptions();
  options.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.05};
  ExpectTheSameBits(options);
}

TEST(ThreadsTest, HelpersChangeNoBitOfALongMinibatch) {
  TrainingOptions options = WideOptions();
  options.minibatches.batch = FullBatch();
  options.regularization.l2 = 0.01;
  ExpectTheSameBits(options);
}

TEST(ThreadsTest, HelpersChangeNoBitInDoublePrecisionOrWithMaxout) {
  TrainingOptions options = WideOptions();
  options.precision = Precision::kF64;
  options.network.hidden[1] = MaxoutOptions{120, 2};
  ExpectTheSameBits(options);
}

}  // namespace
}  // namespace trainyard
