// Whole steps of a run, without the service: what a trainer makes of minibatches, one thread, in float.
//
//   step_benchmark [ROUNDS [CASE...]]      examples/s, and GFLOP/s of useful work as a share of the processor's limit

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/crew.h"
#include "core/base/random.h"
#include "core/data/dataset_builder.h"
#include "core/train/trainer.h"
#include "tests/benchmark/fma_limit.h"

namespace trainyard {
namespace {

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics& metrics) override { last_loss_ = metrics.loss; }
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint) override {}
  void Save(Checkpoint) override {}

 private:
  volatile double last_loss_ = 0;
};

struct StepCase {
  int rows;
  int features;
  std::vector<int64_t> hidden;
  int classes;
  int64_t batch;
  bool bytes = false;     // features are whole numbers up to 255
  bool clipping = false;  // by global norm
  int threads = 1;
};

// Threads that have nothing else to do.
class Helpers {
 public:
  explicit Helpers(int count) : crew_(count, [] {}) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this] {
        while (!over_.load()) crew_.Help([this] { return over_.load(); });
      });
    }
  }
  ~Helpers() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Crew* crew() { return threads_.empty() ? nullptr : &crew_; }

 private:
  Crew crew_;
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
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

std::unique_ptr<Trainer> MakeTrainerOf(const StepCase& shape, const TrainingData& data, Crew* crew) {
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
  return *MakeTrainer(*std::move(plan), data, nullptr, crew);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Steps for about `seconds`; examples a second.
double ExamplesASecond(Trainer& trainer, double seconds) {
  SilentSink sink;
  const int64_t examples = trainer.examples();
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::duration<double> spent{};
  while (spent.count() < seconds) {
    for (int i = 0; i < 16; ++i) trainer.Advance(sink);
    spent = std::chrono::steady_clock::now() - begin;
  }
  return static_cast<double>(trainer.examples() - examples) / spent.count();
}

// Windows of steps and of bare multiply-adds in turn, so that both see the same minute.
void Measure(const std::string& name, const StepCase& shape, int rounds) {
  const TrainingData data{.training = MakeData(shape)};
  Helpers helpers(shape.threads - 1);
  const std::unique_ptr<Trainer> trainer = MakeTrainerOf(shape, data, helpers.crew());
  constexpr double kWindow = 0.02;
  ExamplesASecond(*trainer, 10 * kWindow);
  std::vector<double> rates;
  std::vector<double> shares;
  for (int round = 0; round < rounds; ++round) {
    double limit = 0;
    for (int i = 0; i < 8; ++i) limit = std::max(limit, FmaRate());
    rates.push_back(ExamplesASecond(*trainer, kWindow));
    shares.push_back(rates.back() * FlopsAnExample(shape) / (limit * 1e9));
  }
  const double median = Median(rates);
  std::printf("%-8s %12.0f examples/s (best %12.0f)  %9.2f us a step  %5.1f %% of the limit (best %5.1f %%)\n",
              name.c_str(), median, std::ranges::max(rates), 1e6 * static_cast<double>(shape.batch) / median,
              100 * Median(shares), 100 * std::ranges::max(shares));
}

const std::map<std::string, StepCase>& Cases() {
  static const std::map<std::string, StepCase> cases = {
      {"a", {569, 30, {16}, 2, 32}},
      {"b", {1797, 64, {64}, 10, 32}},
      {"c1", {20000, 784, {512, 512}, 10, 128, true}},
      {"c1clip", {20000, 784, {512, 512}, 10, 128, true, true}},
      {"c2", {20000, 784, {512, 512}, 10, 128, true, false, 2}},
      {"c2clip", {20000, 784, {512, 512}, 10, 128, true, true, 2}},
      {"d1", {20000, 784, {}, 10, 1, true}},
      {"d128", {20000, 784, {}, 10, 128, true}},
  };
  return cases;
}

}  // namespace
}  // namespace trainyard

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 40;
  std::printf("float FMA limit: %.0f GFLOP/s\n", trainyard::FmaLimit());
  for (const auto& [name, shape] : trainyard::Cases()) {
    const bool asked = argc <= 2 || std::find(argv + 2, argv + argc, name) != argv + argc;
    if (asked) trainyard::Measure(name, shape, rounds);
  }
  return 0;
}
