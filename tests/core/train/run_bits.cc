// Trains some small runs and prints the SHA-256 of each one's parameters: programs that different compilers have made must print the same.
//
//   build/bin/run_bits > gcc && build/fuzz/bin/run_bits > clang && diff gcc clang

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/flush_denormals.h"
#include "core/data/read_dataset.h"
#include "core/train/trainer.h"
#include "tests/testing/small_data.h"

namespace trainyard {
namespace {

class SilentSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override {}
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint) override {}
  void Save(Checkpoint) override {}
};

// Three classes; 40 columns, of which each row has five.
std::shared_ptr<const Dataset> MakeSparseData() {
  std::string text = "0 40:1\n";
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  for (uint64_t i = 0; i < 200; ++i) {
    absl::StrAppend(&text, i % 3);
    for (uint64_t j = 0; j < 5; ++j) {
      absl::StrAppend(&text, " ", 8 * j + 1 + random.Below(8, 10 * i + j), ":", random.Uniform(10 * i + 5 + j) - 0.5);
    }
    text += "\n";
  }
  const auto sink = std::make_shared<StringSink>();
  const absl::StatusOr<ReadResult> read = ReadDataset(text, {.format = Format::kLibsvm}, {}, *sink);
  return read.ok() ? *Dataset::Open(std::as_bytes(std::span(sink->bytes())), sink) : nullptr;
}

TrainingOptions SmallRun(const UpdateRuleOptions& rule, Precision precision, int64_t batch) {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.data.validation = 0.2;
  options.optimizer.learning_rate = 0.05;
  options.optimizer.rule = rule;
  options.minibatches.batch = batch;
  options.budget.steps = 100;
  options.precision = precision;
  return options;
}

struct Case {
  std::string name;
  std::shared_ptr<const Dataset> data;
  TrainingOptions options;
};

std::vector<Case> Cases() {
  const std::vector<std::pair<std::string, std::vector<LayerOptions>>> networks = {
      {"linear", {}},
      {"relu", {DenseOptions{50, Relu()}}},
      {"tanh, sigmoid", {DenseOptions{33, Tanh()}, DenseOptions{7, Sigmoid()}}},
      {"softplus, maxout", {DenseOptions{65, Softplus()}, MaxoutOptions{9, 3}}}};
  const std::vector<std::pair<std::string, UpdateRuleOptions>> rules = {
      {"sgd", SgdOptions()}, {"momentum", MomentumOptions()}, {"nesterov", NesterovOptions()}};
  const auto classes = MakeSmallDataset(300, 21, 5);
  const auto numbers = MakeSmallDataset(300, 21, 0);
  const auto sparse = MakeSparseData();
  std::vector<Case> cases;
  for (const Precision precision : {Precision::kF32, Precision::kF64}) {
    for (const auto& [rule_name, rule] : rules) {
      const std::string with = absl::StrCat(rule_name, precision == Precision::kF32 ? ", float" : ", double");
      for (const int64_t batch : {1, 32}) {
        cases.push_back({absl::StrCat("sparse, ", batch, ", ", with), sparse, SmallRun(rule, precision, batch)});
        for (const auto& [network_name, hidden] : networks) {
          TrainingOptions options = SmallRun(rule, precision, batch);
          options.network.hidden = hidden;
          cases.push_back({absl::StrCat(network_name, ", classes, ", batch, ", ", with), classes, options});
          options.optimizer.clipping = ClipGlobalNorm{0.1};
          options.regularization = {.l2 = 0.01, .l1 = 0.001};
          cases.push_back({absl::StrCat(network_name, ", numbers, clipped, ", batch, ", ", with), numbers, options});
        }
      }
    }
  }
  return cases;
}

bool Print(const Case& one) {
  const TrainingData data = {.training = one.data};
  absl::StatusOr<RunPlan> plan = PlanRun(one.options, data, int64_t{1} << 30);
  if (!plan.ok()) return std::fprintf(stderr, "%s: %s\n", one.name.c_str(), plan.status().ToString().c_str()), false;
  const absl::StatusOr<std::unique_ptr<Trainer>> trainer = MakeTrainer(*std::move(plan), data, nullptr);
  if (!trainer.ok()) return false;
  SilentSink sink;
  while ((*trainer)->Advance(sink) == Trainer::Next::kMore) {
  }
  std::printf("%s %s\n", (*trainer)->Snapshot().parameters_digest.c_str(), one.name.c_str());
  return true;
}

}  // namespace
}  // namespace trainyard

int main() {
  const trainyard::FlushDenormals flush;
  for (const trainyard::Case& one : trainyard::Cases()) {
    if (!trainyard::Print(one)) return 1;
  }
}
