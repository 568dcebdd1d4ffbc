// Sparse steps with all that a run can have: the same as dense ones.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "core/base/squared_norm.h"
#include "core/train/layer_statistics.h"
#include "core/train/step_probe.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

using namespace sparse_run;

// The same examples twice.
class SparseFeaturesTest : public ::testing::Test {
 protected:
  void ExpectEqual(const TrainingOptions& options) { ExpectSparseEqualsDense(options, libsvm_, csv_); }

  static TrainingOptions ShortOptions(const UpdateRuleOptions& rule) {
    TrainingOptions options = Options(rule);
    options.budget.steps = 120;
    return options;
  }

  const Sample sample_ = MakeSample(kRows, kWidth, kNonzeros, 3);
  const std::shared_ptr<const Dataset> libsvm_ = Open(sample_.Libsvm(), Format::kLibsvm);
  const std::shared_ptr<const Dataset> csv_ = Open(sample_.Csv(), Format::kCsv);
};

MomentumScheduleOptions Ramp(int64_t steps) { return {.kind = MomentumRamp{.initial = 0.5, .length = Steps{steps}}}; }

// Rates and momenta of which no two steps have the same.
TrainingOptions AlwaysChanging(TrainingOptions options) {
  options.optimizer.schedule.kind = LinearOptions();
  options.optimizer.clipping = ClipGlobalNorm{0.5};
  if (auto* momentum = std::get_if<MomentumOptions>(&options.optimizer.rule)) momentum->schedule = Ramp(200);
  if (auto* nesterov = std::get_if<NesterovOptions>(&options.optimizer.rule)) nesterov->schedule = Ramp(200);
  return options;
}

TEST_F(SparseFeaturesTest, MomentumSchedules) {
  for (const UpdateRuleOptions& rule : std::vector<UpdateRuleOptions>{MomentumOptions(), NesterovOptions()}) {
    for (const RegularizationOptions& penalty :
         std::vector<RegularizationOptions>{{}, {.l2 = 0.01}, {.l2 = 0.01, .weight_decay = 0.1}}) {
      TrainingOptions options = AlwaysChanging(ShortOptions(rule));
      options.regularization = penalty;
      ExpectEqual(options);
    }
  }
}

TEST_F(SparseFeaturesTest, EveryOrderOfExamples) {
  for (const MinibatchOrder& order :
       std::vector<MinibatchOrder>{InOrder(), ShuffledOnce(), Windowed{.rows = 20}, WithReplacement()}) {
    TrainingOptions options = ShortOptions(MomentumOptions());
    options.minibatches.batch = int64_t{7};
    options.minibatches.order = order;
    ExpectEqual(options);
  }
}

TEST_F(SparseFeaturesTest, ClassWeights) {
  for (const ClassWeightOptions& weights :
       std::vector<ClassWeightOptions>{BalancedClasses(), GivenClassWeights{{{"1", 5.0}}}}) {
    TrainingOptions options = ShortOptions(MomentumOptions());
    options.data.class_weights = weights;
    ExpectEqual(options);
  }
}

TEST_F(SparseFeaturesTest, BestParametersOfAnEarlyStop) {
  TrainingOptions options = ShortOptions(NesterovOptions());
  options.evaluation.every = EverySteps{5};
  options.early_stopping = EarlyStoppingOptions{.metric = Metric::kLoss, .patience = 3};
  options.optimizer.learning_rate = 0.3;
  options.budget.steps = 2000;
  options.regularization.l2 = 0.001;
  const Recorder told = ExpectSparseEqualsDense(options, libsvm_, csv_);
  EXPECT_LT(told.steps.size(), 2000u);
  EXPECT_EQ(told.early_stops.size(), 1u);
}

// Neither that of the loss nor that of the penalty vanishes, and weights that no example reaches are known by their running sum alone.
TEST_F(SparseFeaturesTest, TheNormOfAGradientThatVanishesIsNoise) {
  TrainingOptions options = ShortOptions(MomentumOptions());
  options.minibatches.batch = FullBatch();
  options.regularization.l2 = 0.1;
  options.optimizer.learning_rate = 0.2;
  options.budget.steps = 1500;
  const auto sparse = Make(options, libsvm_);
  const auto dense = Make(options, csv_);
  const double noise = RunToEnd(*sparse).steps.back().gradient_norm;
  EXPECT_LT(RunToEnd(*dense).steps.back().gradient_norm, 1e-12);
  EXPECT_LT(noise, 1e-7 * options.regularization.l2 * std::sqrt(SquaredNorm<double>(ParametersOf(*dense))));
  ExpectNear(ParametersOf(*sparse), ParametersOf(*dense));
}

TEST_F(SparseFeaturesTest, ReduceOnPlateau) {
  TrainingOptions options = ShortOptions(MomentumOptions());
  options.optimizer.schedule.kind = ReduceOnPlateauOptions{.factor = 0.5, .patience = 1, .min_change = 0.05};
  options.optimizer.learning_rate = 0.3;
  options.evaluation.every = EverySteps{5};
  options.regularization.l2 = 0.01;
  const Recorder told = ExpectSparseEqualsDense(options, libsvm_, csv_);
  EXPECT_LT(told.steps.back().learning_rate, 0.3);
}

TEST_F(SparseFeaturesTest, GivenParametersAndVelocity) {
  const NamedTensor weights{.name = "layers.0.weight", .shape = {kWidth, 3}, .values = [] {
                              std::vector<double> values(kWidth * 3);
                              for (size_t j = 0; j < values.size(); ++j) values[j] = std::sin(static_cast<double>(j));
                              return values;
                            }()};
  const NamedTensor biases{.name = "layers.0.bias", .shape = {3}, .values = {0.1, -0.2, 0.3}};
  for (const UpdateRuleOptions& rule : std::vector<UpdateRuleOptions>{MomentumOptions(), NesterovOptions()}) {
    TrainingOptions options = ShortOptions(rule);
    options.initial_state = {.parameters = {weights}, .velocity = {weights, biases}};
    options.regularization.l2 = 0.01;
    ExpectEqual(options);
  }
}

TEST_F(SparseFeaturesTest, ACheckpointTellsTheVelocity) {
  for (const UpdateRuleOptions& rule :
       std::vector<UpdateRuleOptions>{SgdOptions(), MomentumOptions(), NesterovOptions()}) {
    TrainingOptions options = ShortOptions(rule);
    options.regularization.l2 = 0.01;
    const auto velocity = [&](const std::shared_ptr<const Dataset>& dataset) {
      const auto trainer = Make(options, dataset);
      RunToEnd(*trainer);
      for (const NamedBytes& array : trainer->Snapshot().optimizer_state) {
        if (array.name == "velocity") return ValuesOf(array.bytes);
      }
      return std::vector<double>();
    };
    ExpectNear(velocity(libsvm_), velocity(csv_));
  }
}

TEST_F(SparseFeaturesTest, OutputBiasesFromTheTargets) {
  TrainingOptions options = ShortOptions(MomentumOptions());
  options.initialization.output_biases = MarginalBiasesOptions();
  ExpectEqual(options);
}

TEST_F(SparseFeaturesTest, ARunFromAnyCheckpointEndsWithTheBitsOfTheWholeRun) {
  for (const UpdateRuleOptions& rule :
       std::vector<UpdateRuleOptions>{SgdOptions(), MomentumOptions(), NesterovOptions()}) {
    TrainingOptions options = AlwaysChanging(ShortOptions(rule));
    options.regularization = {.l2 = 0.01, .weight_decay = 0.1};
    options.evaluation.every = EverySteps{13};
    options.early_stopping = EarlyStoppingOptions{.metric = Metric::kLoss, .patience = 50};
    ExpectTheSameBitsFromAnyCheckpoint(options, libsvm_, 29);
  }
}

// Late in the file come examples of both classes with a number whose gradient overflows where they are misclassified.
class SparseRollBackTest : public ::testing::TestWithParam<UpdateRuleOptions> {
 protected:
  static Sample BrokenSample() {
    Sample sample = MakeSample(kRows, kWidth, kNonzeros, 2);
    for (size_t i = 100; i < 110; ++i) sample.rows[i][3] = 1e200;
    return sample;
  }
  static TrainingOptions RollBackOptions() {
    TrainingOptions options = Options(GetParam());
    options.minibatches.batch = int64_t{2};
    options.minibatches.order = InOrder();
    options.evaluation.every = EverySteps{15};
    options.divergence = RollBack{.factor = 0.5, .max_times = 2};
    options.loss = LogisticOptions();
    options.regularization.l2 = 0.01;
    return options;
  }
};

TEST_P(SparseRollBackTest, EqualsThatOfADenseRun) {
  const Sample sample = BrokenSample();
  const Recorder told = ExpectSparseEqualsDense(RollBackOptions(), Open(sample.Libsvm(), Format::kLibsvm),
                                                Open(sample.Csv(), Format::kCsv));
  ASSERT_EQ(told.divergences.size(), 3u);
  EXPECT_GT(told.divergences[0].rolled_back->to_step, 0);
  EXPECT_FALSE(told.divergences[2].rolled_back.has_value());
}

TEST_P(SparseRollBackTest, ARunFromAnyCheckpointEndsWithTheBitsOfTheWholeRun) {
  ExpectTheSameBitsFromAnyCheckpoint(RollBackOptions(), Open(BrokenSample().Libsvm(), Format::kLibsvm), 6);
}

INSTANTIATE_TEST_SUITE_P(All, SparseRollBackTest,
                         ::testing::Values(UpdateRuleOptions(SgdOptions()), UpdateRuleOptions(MomentumOptions()),
                                           UpdateRuleOptions(NesterovOptions())),
                         [](const ::testing::TestParamInfo<UpdateRuleOptions>& one) {
                           constexpr std::string_view kNames = "NesterovMomentumSgd";
                           return std::string(kNames.substr(8 * one.param.index(), 8));
                         });

TEST_F(SparseFeaturesTest, LayerStatisticsEqualThoseOfADenseRun) {
  const TrainingOptions options = ShortOptions(SgdOptions());
  const auto statistics = [&](const std::shared_ptr<const Dataset>& dataset) {
    const auto trainer = Make(options, dataset);
    return *MeasureLayers(trainer->plan(), {.training = dataset}, trainer->Snapshot());
  };
  const std::vector<LayerStatistics> a = statistics(libsvm_);
  const std::vector<LayerStatistics> b = statistics(csv_);
  ASSERT_EQ(a.size(), 1u);
  ASSERT_EQ(b.size(), 1u);
  EXPECT_EQ(a[0].layer, b[0].layer);
  EXPECT_NEAR(a[0].activation_mean, b[0].activation_mean, 1e-13);
  EXPECT_NEAR(a[0].activation_variance, b[0].activation_variance, 1e-13);
  EXPECT_NEAR(a[0].gradient_variance, b[0].gradient_variance, 1e-13);
}

TEST_F(SparseFeaturesTest, TimedStepsOfAnySizeAreMade) {
  for (const UpdateRuleOptions& rule : std::vector<UpdateRuleOptions>{SgdOptions(), NesterovOptions()}) {
    const auto trainer = Make(ShortOptions(rule), libsvm_);
    const TrainingData data = {.training = libsvm_};
    const auto probe = MakeStepProbe(trainer->plan(), data, trainer->Snapshot());
    ASSERT_TRUE(probe.ok()) << probe.status();
    for (const int64_t size : {1, 32, 1000}) (*probe)->Step(size);
  }
}

}  // namespace
}  // namespace trainyard
