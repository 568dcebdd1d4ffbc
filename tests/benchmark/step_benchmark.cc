// Whole steps of a run, without the service: what a trainer makes of minibatches, one thread, in float.
//
//   step_benchmark [--benchmark_filter=b]        counters: examples/s, and GFLOP/s of useful work as a share of the processor's limit

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/data/dataset_builder.h"
#include "core/train/trainer.h"
#include "tests/benchmark/fma_limit.h"

namespace trainyard {
namespace {

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override { benchmark::DoNotOptimize(metrics.loss); }
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint) override {}
  void Save(Checkpoint) override {}
};

struct StepCase {
  int rows;
  int features;
  std::vector<int64_t> hidden;
  int classes;
  int64_t batch;
  bool bytes = false;     // features are whole numbers up to 255
  bool clipping = false;  // by global norm
};

std::shared_ptr<const Dataset> MakeData(const StepCase& shape) {
  Schema schema;
  for (int j = 0; j < shape.features; ++j) schema.columns.push_back({.name = "x" + std::to_string(j)});
  Column target{.name = "y", .type = ColumnType::kCategorical, .role = ColumnRole::kTarget};
  for (int c = 0; c < shape.classes; ++c) target.categories.push_back({.value = "c" + std::to_string(c)});
  schema.columns.push_back(target);
  DatasetBuilder builder(schema);
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  std::vector<double> cells(shape.features + 1);
  for (int i = 0; i < shape.rows; ++i) {
    for (int j = 0; j < shape.features; ++j) {
      const double x = random.Uniform(static_cast<uint64_t>(i) * shape.features + j);
      cells[j] = shape.bytes ? static_cast<int>(256 * x) : x;
    }
    cells.back() = i % shape.classes;
    builder.AddRow(cells);
  }
  return std::move(builder).Build();
}

double FlopsAnExample(const StepCase& shape) {
  std::vector<int64_t> widths = {shape.features};
  widths.insert(widths.end(), shape.hidden.begin(), shape.hidden.end());
  widths.push_back(shape.classes);
  double flops = 0;
  for (size_t l = 0; l + 1 < widths.size(); ++l) {
    flops += (l == 0 ? 4.0 : 6.0) * static_cast<double>(widths[l] * widths[l + 1]);
  }
  return flops;
}

void BM_Step(benchmark::State& state, const StepCase& shape) {
  const TrainingData data{.training = MakeData(shape)};
  TrainingOptions options;
  options.data.dataset = "datasets/benchmark";
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  for (const int64_t units : shape.hidden) options.network.hidden.push_back(DenseOptions{units, Relu()});
  options.optimizer = {.learning_rate = 0.001, .rule = NesterovOptions()};
  if (shape.clipping) options.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.1};
  options.minibatches.batch = shape.batch;
  options.budget.steps = 1000000000000000;
  absl::StatusOr<RunPlan> plan = PlanRun(options, data, int64_t{1} << 34);
  const std::unique_ptr<Trainer> trainer = *MakeTrainer(*std::move(plan), data, nullptr);
  SilentSink sink;
  const int64_t before = trainer->examples();
  for (auto _ : state) trainer->Advance(sink);
  const double examples = static_cast<double>(trainer->examples() - before);
  state.counters["examples/s"] = benchmark::Counter(examples, benchmark::Counter::kIsRate);
  state.counters["of_limit"] =
      benchmark::Counter(examples * FlopsAnExample(shape) / (FmaLimit() * 1e9), benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(BM_Step, a, StepCase{569, 30, {16}, 2, 32});
BENCHMARK_CAPTURE(BM_Step, b, StepCase{1797, 64, {64}, 10, 32});
BENCHMARK_CAPTURE(BM_Step, c1, StepCase{20000, 784, {512, 512}, 10, 128, true});
BENCHMARK_CAPTURE(BM_Step, c1clip, StepCase{20000, 784, {512, 512}, 10, 128, true, true});
BENCHMARK_CAPTURE(BM_Step, d1, StepCase{20000, 784, {}, 10, 1, true});
BENCHMARK_CAPTURE(BM_Step, d128, StepCase{20000, 784, {}, 10, 128, true});

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  benchmark::AddCustomContext("float FMA limit, GFLOP/s", std::to_string(trainyard::FmaLimit()));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
