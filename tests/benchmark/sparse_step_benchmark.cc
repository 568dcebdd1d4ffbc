// Steps of a sparse logistic run, without the service, one thread, in float.
//
//   sparse_step_benchmark [--benchmark_filter=e1]

#include <benchmark/benchmark.h>

#include <array>
#include <map>
#include <memory>
#include <span>

#include "core/base/flush_denormals.h"
#include "core/base/random.h"
#include "core/data/dataset_builder.h"
#include "core/train/trainer.h"

namespace trainyard {
namespace {

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override { benchmark::DoNotOptimize(metrics.loss); }
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint) override {}
  void Save(Checkpoint) override {}
};

// So many of 50,000 inputs are not 0.
std::shared_ptr<const Dataset> MakeSparseData(int nonzeros) {
  constexpr int kRows = 100'000;
  constexpr int kWidth = 50'000;
  Schema schema;
  schema.columns.push_back({.name = "x", .type = ColumnType::kSparse, .width = kWidth});
  schema.columns.push_back({.name = "y",
                            .type = ColumnType::kCategorical,
                            .role = ColumnRole::kTarget,
                            .categories = {{"c0", 0}, {"c1", 0}}});
  DatasetBuilder builder(schema);
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  uint64_t draw = 0;
  for (int i = 0; i < kRows; ++i) {
    SparseNumbers numbers;
    for (int k = 0; k < nonzeros; ++k) {
      numbers.indices.push_back(static_cast<uint32_t>((k + random.Uniform(draw++)) * (kWidth / nonzeros)));
      numbers.values.push_back(random.Uniform(draw++) + 0.01);
    }
    const std::array<double, 2> cells = {0, static_cast<double>(i % 2)};
    builder.AddRow(cells, std::span(&numbers, 1));
  }
  return std::move(builder).Build();
}

void BM_SparseStep(benchmark::State& state, const UpdateRuleOptions& rule, int64_t batch, int nonzeros) {
  static std::map<int, std::shared_ptr<const Dataset>> datasets;
  std::shared_ptr<const Dataset>& dataset = datasets[nonzeros];
  if (dataset == nullptr) dataset = MakeSparseData(nonzeros);
  const TrainingData data{.training = dataset};
  TrainingOptions options;
  options.data.dataset = "datasets/benchmark";
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.loss = LogisticOptions();
  options.optimizer = {.learning_rate = 0.01, .rule = rule};
  options.minibatches.batch = batch;
  options.budget.steps = 1000000000000000;
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, int64_t{1} << 34);
  const std::unique_ptr<Trainer> trainer = *MakeTrainer(*std::move(plan), data, nullptr);
  const FlushDenormals flush;  // as on a worker's thread
  SilentSink sink;
  const int64_t before = trainer->examples();
  for (auto _ : state) trainer->Advance(sink);
  state.counters["examples/s"] =
      benchmark::Counter(static_cast<double>(trainer->examples() - before), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(BM_SparseStep, e1, SgdOptions(), 1, 75);
BENCHMARK_CAPTURE(BM_SparseStep, e1_of_one_number, SgdOptions(), 1, 1);
BENCHMARK_CAPTURE(BM_SparseStep, e1_128, SgdOptions(), 128, 75);
BENCHMARK_CAPTURE(BM_SparseStep, e2, MomentumOptions(), 1, 75);
BENCHMARK_CAPTURE(BM_SparseStep, e2_128, MomentumOptions(), 128, 75);

}  // namespace
}  // namespace trainyard

BENCHMARK_MAIN();
