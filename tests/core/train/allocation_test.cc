// A training step takes no memory: each call of malloc by a thread that counts is counted.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/core/train/recorded_run.h"
#include "tests/testing/sparse_run.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRAINYARD_MALLOC_IS_TAKEN 1
#else
#define TRAINYARD_MALLOC_IS_TAKEN 0
#endif

namespace {

thread_local bool counting = false;
thread_local int64_t allocations = 0;

[[maybe_unused]] void Count() {
  if (counting) ++allocations;
}

}  // namespace

#if !TRAINYARD_MALLOC_IS_TAKEN
// The C library's own, under its other names.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  Count();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, size_t size) {
  Count();
  return __libc_realloc(memory, size);
}
void* memalign(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
#endif

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
  allocations = 0;
  counting = true;
  while (sink.steps < 2000) trainer->Advance(sink);
  counting = false;
  return allocations;
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
    if (TRAINYARD_MALLOC_IS_TAKEN) GTEST_SKIP() << "the sanitizer has its own malloc";
  }
};

TEST_P(AllocationTest, AThousandStepsTakeNoMemory) { EXPECT_EQ(AllocationsOf(GetParam().options, Data()), 0); }

INSTANTIATE_TEST_SUITE_P(All, AllocationTest, ::testing::ValuesIn(DenseCases()),
                         [](const auto& test) { return test.param.name; });

class SparseAllocationTest : public ::testing::TestWithParam<int64_t> {};

TEST_P(SparseAllocationTest, AThousandSparseStepsTakeNoMemory) {
  if (TRAINYARD_MALLOC_IS_TAKEN) GTEST_SKIP() << "the sanitizer has its own malloc";
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
  if (TRAINYARD_MALLOC_IS_TAKEN) GTEST_SKIP() << "the sanitizer has its own malloc";
  allocations = 0;
  counting = true;
  delete static_cast<int*>(::operator new(sizeof(int)));
  { const AlignedVector<float> vector(100); }
  counting = false;
  EXPECT_EQ(allocations, 2);
}

}  // namespace
}  // namespace trainyard
