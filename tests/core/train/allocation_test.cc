// A training step takes no memory.

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/train/recorded_run.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

// Keeps nothing.
class CountingSink final : public RunSink {
 public:
  void Step(const StepMetrics&) override { ++steps; }
  void Tell(const RunEvent&) override {}
  void BeginAttempt(Checkpoint) override {}
  void Save(Checkpoint) override {}

  int64_t steps = 0;
};

// Of 1,000 steps, after as many.
int64_t AllocationsOf(const TrainingOptions& options, const TrainingData& data) {
  const std::unique_ptr<Trainer> trainer = MakeOn(data, options);
  CountingSink sink;
  while (sink.steps < 1000) trainer->Advance(sink);
  const CountedMemory memory;
  while (sink.steps < 2000) trainer->Advance(sink);
  return memory.allocations();
}

TrainingOptions TrainingAlone() {
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.budget.steps = 3000;
  return options;
}

struct Case {
  std::string name;
  TrainingOptions options;
};

std::vector<Case> DenseCases() {
  std::vector<Case> cases;
  const auto add = [&](std::string name, auto change) {
    Case one{std::move(name), TrainingAlone()};
    change(one.options);
    cases.push_back(std::move(one));
  };
  add("Sgd", [](TrainingOptions&) {});
  add("Momentum", [](TrainingOptions& o) { o.optimizer.rule = MomentumOptions(); });
  add("Nesterov", [](TrainingOptions& o) { o.optimizer.rule = NesterovOptions(); });
  add("DoublePrecision", [](TrainingOptions& o) { o.precision = Precision::kF64; });
  add("WithoutHiddenLayer", [](TrainingOptions& o) { o.network.hidden.clear(); });
  add("Online", [](TrainingOptions& o) { o.minibatches.batch = int64_t{1}; });
  add("FullBatch", [](TrainingOptions& o) { o.minibatches.batch = FullBatch(); });
  add("InOrder", [](TrainingOptions& o) { o.minibatches.order = InOrder(); });
  add("ShuffledOnce", [](TrainingOptions& o) { o.minibatches.order = ShuffledOnce(); });
  add("Windowed", [](TrainingOptions& o) { o.minibatches.order = Windowed{.rows = 20}; });
  add("WithReplacement", [](TrainingOptions& o) { o.minibatches.order = WithReplacement(); });
  add("ClippedByGlobalNorm", [](TrainingOptions& o) { o.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.01}; });
  add("ClippedByValue", [](TrainingOptions& o) { o.optimizer.clipping = ClipValue{.limit = 0.01}; });
  add("ClippedByLayerNorm", [](TrainingOptions& o) { o.optimizer.clipping = ClipLayerNorm{.max_norm = 0.01}; });
  add("Penalties", [](TrainingOptions& o) { o.regularization = {.l2 = 0.01, .l1 = 0.001, .weight_decay = 0.01}; });
  add("LinearDecay", [](TrainingOptions& o) { o.optimizer.schedule.kind = LinearOptions(); });
  add("MulticlassHinge", [](TrainingOptions& o) { o.loss = MulticlassHingeOptions(); });
  return cases;
}

class AllocationTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!kMemoryIsCounted) GTEST_SKIP() << "the sanitizer has its own malloc";
  }
};

TEST_P(AllocationTest, AThousandStepsTakeNoMemory) { EXPECT_EQ(AllocationsOf(GetParam().options, Data()), 0); }

INSTANTIATE_TEST_SUITE_P(All, AllocationTest, ::testing::ValuesIn(DenseCases()),
                         [](const auto& test) { return test.param.name; });

class SparseAllocationTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(SparseAllocationTest, AThousandSparseStepsTakeNoMemory) {
  if (!kMemoryIsCounted) GTEST_SKIP() << "the sanitizer has its own malloc";
  using namespace sparse_run;
  const TrainingData data{.training = Open(MakeSample(kRows, kWidth, kNonzeros, 2).Libsvm(), Format::kLibsvm)};
  for (const UpdateRuleOptions& rule :
       std::vector<UpdateRuleOptions>{SgdOptions(), MomentumOptions(), NesterovOptions()}) {
    TrainingOptions options = sparse_run::Options(rule);
    options.data.validation = std::monostate();
    options.evaluation = {};
    options.loss = LogisticOptions();
    options.minibatches.batch = GetParam();
    options.budget.steps = 3000;
    EXPECT_EQ(AllocationsOf(options, data), 0) << rule.index();
  }
}

INSTANTIATE_TEST_SUITE_P(Batch, SparseAllocationTest, ::testing::Values(1, 32), ::testing::PrintToStringParamName());

TEST(AllocationCountTest, AnAllocationIsCounted) {
  if (!kMemoryIsCounted) GTEST_SKIP() << "the sanitizer has its own malloc";
  const CountedMemory memory;
  delete static_cast<int*>(::operator new(sizeof(int)));
  { const AlignedVector<float> vector(100); }
  EXPECT_EQ(memory.allocations(), 2);
}

}  // namespace
}  // namespace trainyard
