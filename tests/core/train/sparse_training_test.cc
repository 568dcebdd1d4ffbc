// Training on sparse data: equal to dense training of the same numbers, to the bit after an interruption, and at a cost of the non-zeros.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

using namespace sparse_run;

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
  const Recorder told =
      ExpectSparseEqualsDense(GivenOptions(), Open(sample.Libsvm(), Format::kLibsvm), Open(sample.Csv(), Format::kCsv));
  EXPECT_EQ(told.steps.size(), 300u);
}

TEST_P(SparseTrainingTest, ARunFromAnyCheckpointEndsWithTheBitsOfTheWholeRun) {
  TrainingOptions options = GivenOptions();
  options.budget.steps = 40;
  options.evaluation.every = EverySteps{7};
  ExpectTheSameBitsFromAnyCheckpoint(
      options, Open(MakeSample(kRows, kWidth, kNonzeros, GetParam().classes).Libsvm(), Format::kLibsvm), 9);
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
    SCOPED_TRACE(i);
    ExpectSparseEqualsDense(options, libsvm, csv);
  }
}

// A row of such a data set is read where it is stored, in double; of the others, in float.
TEST(SparseRunTest, OnlineLearningFromNumbersThatFloatCannotHoldEqualsDenseTraining) {
  Sample sample = MakeSample(kRows, kWidth, kNonzeros, 2);
  for (auto& row : sample.rows) {
    for (auto& [j, x] : row) x /= 3;
  }
  const auto libsvm = Open(sample.Libsvm(), Format::kLibsvm);
  const auto csv = Open(sample.Csv(), Format::kCsv);
  for (const UpdateRuleOptions& rule : std::vector<UpdateRuleOptions>{SgdOptions(), MomentumOptions()}) {
    TrainingOptions options = Options(rule);
    options.loss = LogisticOptions();
    options.minibatches.batch = int64_t{1};
    ExpectSparseEqualsDense(options, libsvm, csv);

    options.precision = Precision::kF32;
    const Recorder sparse = RunToEnd(*Make(options, libsvm));
    const Recorder dense = RunToEnd(*Make(options, csv));
    ASSERT_EQ(sparse.steps.size(), dense.steps.size());
    for (size_t k = 0; k < sparse.steps.size(); ++k) EXPECT_NEAR(sparse.steps[k].loss, dense.steps[k].loss, 1e-4) << k;
  }
}

TEST(SparseRunTest, ADivergedRunHoldsItsLastFiniteParameters) {
  const auto dataset = Open(MakeSample(kRows, kWidth, kNonzeros, 2).Libsvm(),
                            {.format = Format::kLibsvm, .types = {{"label", ColumnType::kNumeric}}});
  for (const UpdateRuleOptions& rule : std::vector<UpdateRuleOptions>{SgdOptions(), NesterovOptions()}) {
    for (const double l2 : {0.0, 0.1}) {
      TrainingOptions options = Options(rule);
      options.optimizer.learning_rate = 1e307;
      options.regularization.l2 = l2;
      const auto trainer = Make(options, dataset);
      RunToEnd(*trainer);
      EXPECT_EQ(trainer->end().reason, StopReason::kDivergence);
      for (const double x : ParametersOf(*trainer)) ASSERT_TRUE(std::isfinite(x));
    }
  }
}

TEST(SparseRunTest, ALongMinibatchGoesPartByPart) {
  const Sample sample = MakeSample(700, kWidth, kNonzeros, 2);
  TrainingOptions options = Options(NesterovOptions());
  options.minibatches.batch = FullBatch();
  options.budget.steps = 20;
  ExpectSparseEqualsDense(options, Open(sample.Libsvm(), Format::kLibsvm), Open(sample.Csv(), Format::kCsv));
}

// The parts of a minibatch have 256 rows.
TEST(SparseRunTest, APartOfOneRowBehindEmptyOnesIsNotTheWholeMinibatch) {
  Sample sample = MakeSample(257, kWidth, kNonzeros, 2);
  std::swap(sample.rows.front(), sample.rows.back());  // that with the last index
  for (size_t i = 0; i < 256; ++i) sample.rows[i].clear();
  TrainingOptions options = Options(SgdOptions());
  options.data.validation = std::monostate();
  options.loss = LogisticOptions();
  options.minibatches.batch = FullBatch();
  options.optimizer.clipping = ClipGlobalNorm{0.05};
  options.budget.steps = 20;
  ExpectSparseEqualsDense(options, Open(sample.Libsvm(), Format::kLibsvm), Open(sample.Csv(), Format::kCsv));
}

TEST(SparseRunTest, WideCategoriesTakeSparseStepsAndEqualDenseOnes) {
  TrainingOptions options = Options(MomentumOptions());
  options.data.validation = std::monostate();
  options.budget.steps = 100;
  std::string wide = "k,weight,y\n";
  // One-hot columns by hand.
  std::string hot;
  for (int j = 0; j < 599; ++j) hot += "k" + std::to_string(j) + ",";
  hot += "none,weight,y\n";
  for (int i = 0; i < 1200; ++i) {
    const std::string rest = std::to_string(1 + i % 4) + (i % 3 == 0 ? ",1.5\n" : ",0.25\n");
    wide += "c" + std::to_string(i % 599) + "," + rest;
    for (int j = 0; j < 599; ++j) hot += i % 599 == j ? "1," : "0,";
    hot += "0," + rest;
  }
  ExpectSparseEqualsDense(options, Open(wide, {.weight = "weight"}), Open(hot, {.weight = "weight"}));
}

TEST(SparseRunTest, AHiddenLayerOrFewInputsTakeDenseSteps) {
  const auto sparse = [](NetworkOptions network, InputKind inputs) {
    return ParameterLayout::Make(network, 512, 1, inputs)->takes_sparse_steps();
  };
  EXPECT_TRUE(sparse({}, InputKind::kSparse));
  EXPECT_FALSE(sparse({}, InputKind::kDense));
  EXPECT_FALSE(sparse({.hidden = {DenseOptions{4, Tanh()}}}, InputKind::kSparse));
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

TEST(SparseRunTest, ASparseColumnIsNeverTheTarget) {
  TrainingOptions options = Options(SgdOptions());
  options.data.target = "features";
  const TrainingData data = {.training = Open(MakeSample(60, 40, 4, 2).Libsvm(), Format::kLibsvm)};
  const absl::Status status = PlanRun(options, data, kMemory).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "data.target = features, must be a numeric or categorical column of datasets/sparse");
}

TEST(SparseRunTest, AHiddenLayerOverMoreInputsThanMemoryHoldsIsRefused) {
  TrainingOptions options = Options(SgdOptions());
  options.network.hidden = {DenseOptions{4, Tanh()}};
  const TrainingData data = {.training = Open(MakeSample(60, 5'000'000, 4, 2).Libsvm(), Format::kLibsvm)};
  EXPECT_EQ(PlanRun(options, data, kMemory).status().code(), absl::StatusCode::kResourceExhausted);
  options.network.hidden.clear();
  EXPECT_TRUE(PlanRun(options, data, kMemory).ok());
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
