#include "core/train/memory_estimate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/train/recorded_run.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

// What each run is given at least, which the least of them do not use.
constexpr int64_t kLeast = 256 * 1024;

// Encodes what is to be saved, as whoever saves it does, and keeps nothing.
class SavingSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override {}
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint checkpoint) override { EncodeCheckpoint(checkpoint); }
  void Save(Checkpoint checkpoint) override { EncodeCheckpoint(checkpoint); }
};

struct Memory {
  int64_t estimate = 0;
  int64_t peak = 0;
};

// Of a whole run, its planning and its last checkpoint included.
Memory MemoryOf(const TrainingOptions& options, const TrainingData& data) {
  const CountedMemory counted;
  const std::unique_ptr<Trainer> trainer = MakeOn(data, options);
  SavingSink sink;
  while (trainer->Advance(sink) == Trainer::Next::kMore) {
  }
  sink.Save(trainer->Snapshot());
  return {.estimate = trainer->plan().memory_bytes, .peak = counted.peak_bytes()};
}

TrainingOptions Plain(int64_t batch, std::vector<int> hidden) {
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.network.hidden.clear();
  for (const int units : hidden) options.network.hidden.push_back(DenseOptions{units, Tanh()});
  options.minibatches.batch = batch;
  options.budget.steps = 4;
  return options;
}

struct EstimateCase {
  std::string name;
  TrainingOptions options;
  std::shared_ptr<const Dataset> (*make_data)();
  std::shared_ptr<const Dataset> (*make_validation)() = nullptr;  // where it is another data set
};

std::shared_ptr<const Dataset> Narrow() { return MakeSmallDataset(200, 4, 3); }
std::shared_ptr<const Dataset> Wide() { return MakeSmallDataset(200, 256, 10); }
std::shared_ptr<const Dataset> Tall() { return MakeSmallDataset(50'000, 20, 2); }
std::shared_ptr<const Dataset> VeryTall() { return MakeSmallDataset(1'000'000, 2, 2); }
std::shared_ptr<const Dataset> VeryTallOfNumbers() { return MakeSmallDataset(1'000'000, 2, 0); }
std::shared_ptr<const Dataset> NearlyTooManyToBeKept() { return MakeSmallDataset(155'000, 20, 2); }
std::shared_ptr<const Dataset> Sparse() {
  return sparse_run::Open(sparse_run::MakeSample(200, 1'000'000, 20, 2).Libsvm(), Format::kLibsvm);
}

std::shared_ptr<const Dataset> OfManyClasses() {
  constexpr int kClasses = 200;
  Column target{.name = "y", .type = ColumnType::kCategorical, .role = ColumnRole::kTarget};
  for (int c = 0; c < kClasses; ++c) target.categories.push_back({.value = std::to_string(c)});
  DatasetBuilder builder(Schema{.columns = {{.name = "x"}, target}});
  for (int i = 0; i < 10 * kClasses; ++i) builder.AddRow(std::vector<double>{i * 0.01, i % kClasses * 1.0});
  return std::move(builder).Build();
}
std::shared_ptr<const Dataset> SparseOfManyClasses() {
  return sparse_run::Open(sparse_run::MakeSample(2000, 100'000, 20, 10).Libsvm(), Format::kLibsvm);
}
std::shared_ptr<const Dataset> SparseOfTwoClasses() {
  return sparse_run::Open(sparse_run::MakeSample(20'000, 50'000, 40, 2).Libsvm(), Format::kLibsvm);
}

std::vector<EstimateCase> EstimateCases() {
  std::vector<EstimateCase> cases;
  const auto add = [&](std::string name, TrainingOptions options, std::shared_ptr<const Dataset> (*data)(),
                       auto change) {
    change(options);
    cases.push_back({std::move(name), std::move(options), data});
  };
  const auto nothing = [](TrainingOptions&) {};
  const auto keep_best = [](TrainingOptions& o) {
    o.data.validation = 0.2;
    o.evaluation.every = EverySteps{1};
    o.early_stopping.emplace();
  };
  const auto momentum = [](TrainingOptions& o) { o.optimizer.rule = MomentumOptions(); };
  const auto nesterov = [](TrainingOptions& o) { o.optimizer.rule = NesterovOptions(); };
  const auto logistic = [](TrainingOptions& o) { o.loss = LogisticOptions(); };
  const TrainingOptions wide_net = Plain(32, {1024, 1024});
  add("TinyNet", Plain(16, {8}), Narrow, nothing);
  add("WideNet", wide_net, Wide, nothing);
  add("WideNetInDoublePrecision", wide_net, Wide, [](TrainingOptions& o) { o.precision = Precision::kF64; });
  add("Momentum", wide_net, Wide, momentum);
  add("Nesterov", wide_net, Wide, nesterov);
  add("ClippedByGlobalNorm", wide_net, Wide,
      [](TrainingOptions& o) { o.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.01}; });
  add("EarlyStoppingThatKeepsTheBest", wide_net, Wide, keep_best);
  add("EarlyStoppingWithSgdAndATestPart", wide_net, Wide, [&](TrainingOptions& o) {
    keep_best(o);
    o.data.test = 0.2;
    o.optimizer.rule = SgdOptions();
  });
  add("SgdWithAGradientThatIsStored", wide_net, Wide, [](TrainingOptions& o) {
    o.optimizer.rule = SgdOptions();
    o.regularization.l2 = 0.01;
  });
  add("RollBack", wide_net, Wide, [&](TrainingOptions& o) {
    keep_best(o);
    o.divergence = RollBack();
  });
  add("Orthogonal", wide_net, Wide, [](TrainingOptions& o) { o.initialization.weights = OrthogonalOptions(); });
  add("SavedEachStep", wide_net, Wide, [](TrainingOptions& o) { o.checkpoints.every_steps = 1; });
  add("ManyRows", Plain(64, {16}), Tall, nothing);
  add("VeryManyRows", Plain(64, {16}), VeryTall, nothing);
  add("VeryManyRowsAndOutputBiasesOfTheirTarget", Plain(64, {16}), VeryTallOfNumbers, [](TrainingOptions& o) {
    o.loss = AbsoluteOptions();
    o.initialization.output_biases = MarginalBiasesOptions();
  });
  add("AnotherDataSetForValidation", Plain(64, {16}), NearlyTooManyToBeKept,
      [](TrainingOptions& o) { o.data.validation = "datasets/other"; });
  cases.back().make_validation = Tall;
  add("NarrowAndDeep", Plain(64, std::vector<int>(64, 1)), Narrow, nothing);
  add("NarrowAndDeepMeasured", Plain(64, std::vector<int>(64, 17)), Narrow, keep_best);
  add("ManyClasses", Plain(64, {16}), OfManyClasses, keep_best);
  add("AreaUnderTheCurveOfManyClasses", Plain(64, {16}), OfManyClasses, [&](TrainingOptions& o) {
    keep_best(o);
    o.data.validation = 0.5;
    o.evaluation.metrics = {Metric::kAuc};
  });
  add("Maxout", Plain(64, {}), Wide, [&](TrainingOptions& o) {
    keep_best(o);
    o.network.hidden = {MaxoutOptions{.units = 300, .pieces = 5}, MaxoutOptions{.units = 300, .pieces = 5}};
  });
  add("SparseIntoAHiddenLayer", Plain(32, {4}), SparseOfTwoClasses, keep_best);
  add("SparseIntoManyClasses", Plain(32, {}), SparseOfManyClasses, keep_best);
  add("BigMinibatch", Plain(40'000, {256}), Tall, nothing);
  add("LinearModel", Plain(32, {}), Wide, nothing);
  add("SparseLinearSgd", Plain(32, {}), Sparse, [](TrainingOptions& o) { o.optimizer.rule = SgdOptions(); });
  add("SparseLinearSgdWithL2", Plain(32, {}), Sparse, [](TrainingOptions& o) {
    o.optimizer.rule = SgdOptions();
    o.regularization.l2 = 0.01;
  });
  add("SparseLinearWithL1", Plain(32, {}), Sparse, [](TrainingOptions& o) { o.regularization.l1 = 0.01; });
  add("SparseLinearMomentum", Plain(32, {}), Sparse, momentum);
  add("SparseLinearNesterov", Plain(32, {}), Sparse, nesterov);
  add("SparseLinearOnline", Plain(1, {}), SparseOfTwoClasses, logistic);
  add("SparseLinearOnlineInDoublePrecision", Plain(1, {}), SparseOfTwoClasses, [&](TrainingOptions& o) {
    logistic(o);
    o.precision = Precision::kF64;
  });
  add("SparseLinearThatRollsBack", Plain(32, {}), Sparse, [&](TrainingOptions& o) {
    keep_best(o);
    o.divergence = RollBack();
  });
  add("SparseLinearThatKeepsTheBest", Plain(32, {}), Sparse, keep_best);
  return cases;
}

class MemoryEstimateTest : public ::testing::TestWithParam<EstimateCase> {};

TEST_P(MemoryEstimateTest, TheEstimateIsWithin20PercentOfThePeak) {
  if (!kMemoryIsCounted) GTEST_SKIP() << "the sanitizer has its own malloc";
  TrainingData data = {.training = GetParam().make_data()};
  if (GetParam().make_validation != nullptr) data.validation = GetParam().make_validation();
  const Memory memory = MemoryOf(GetParam().options, data);
  EXPECT_LE(memory.estimate, memory.peak + std::max(memory.peak / 5, kLeast));
  EXPECT_GE(memory.estimate, memory.peak - memory.peak / 5);
}

INSTANTIATE_TEST_SUITE_P(All, MemoryEstimateTest, ::testing::ValuesIn(EstimateCases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace trainyard
