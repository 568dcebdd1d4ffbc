#include "server/wire/spec.h"

#include "gmock/gmock.h"

namespace trainyard {
namespace {

TEST(SpecTest, AnEmptyMessageKeepsEveryDefault) {
  const absl::StatusOr<TrainingOptions> options = FromProto(v1::JobSpec());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(*options == TrainingOptions());
}

TEST(SpecTest, FieldsLeftOutInsideAMessageKeepTheirDefaults) {
  v1::JobSpec spec;
  spec.mutable_network()->add_hidden()->mutable_dense()->set_units(8);
  spec.mutable_optimizer()->mutable_momentum();
  spec.mutable_network()->add_hidden()->mutable_maxout()->set_units(9);
  spec.mutable_loss()->mutable_huber();
  spec.mutable_early_stopping();
  const absl::StatusOr<TrainingOptions> options = FromProto(spec);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->network.hidden[0] == LayerOptions(DenseOptions{.units = 8}));
  EXPECT_TRUE(options->network.hidden[1] == LayerOptions(MaxoutOptions{.units = 9, .pieces = 2}));
  EXPECT_TRUE(options->loss == LossOptions(HuberOptions{.delta = 1}));
  EXPECT_TRUE(options->optimizer.rule == UpdateRuleOptions(MomentumOptions()));
  EXPECT_TRUE(options->early_stopping == EarlyStoppingOptions());
}

TEST(SpecTest, AZeroThatIsPresentIsNotADefault) {
  v1::JobSpec spec;
  spec.mutable_optimizer()->set_learning_rate(0);
  spec.mutable_optimizer()->mutable_nesterov()->set_momentum(0);
  spec.mutable_budget()->set_epochs(0);
  spec.mutable_data()->set_stratified(false);
  const absl::StatusOr<TrainingOptions> options = FromProto(spec);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->optimizer.learning_rate, 0);
  EXPECT_EQ(std::get<NesterovOptions>(options->optimizer.rule).momentum, 0);
  EXPECT_EQ(options->budget.epochs, 0);
  EXPECT_EQ(options->data.stratified, false);
}

TEST(SpecTest, OptionsOutOfTheirRangePass) {
  v1::JobSpec spec;
  spec.mutable_optimizer()->mutable_nesterov()->set_momentum(1.2);
  EXPECT_TRUE(FromProto(spec).ok());
}

TEST(SpecTest, DefaultsAreWrittenOut) {
  const v1::JobSpec spec = ToProto(TrainingOptions());
  EXPECT_EQ(spec.optimizer().learning_rate(), 0.01);
  EXPECT_EQ(spec.optimizer().nesterov().momentum(), 0.9);
  EXPECT_TRUE(spec.optimizer().schedule().has_constant());
  EXPECT_TRUE(spec.minibatches().has_permutation());
  EXPECT_TRUE(spec.initialization().has_glorot_uniform());
  EXPECT_TRUE(spec.initialization().has_zero_biases());
  EXPECT_EQ(spec.evaluation().every_epochs(), 1);
  EXPECT_EQ(spec.data().encoding().missing_categorical(), v1::MISSING_OWN_CATEGORY);
  EXPECT_EQ(spec.precision(), v1::PRECISION_F32);
  EXPECT_TRUE(spec.has_seed());
}

TEST(SpecTest, WhatIsNotChosenYetStaysAbsent) {
  const v1::JobSpec spec = ToProto(TrainingOptions());
  EXPECT_FALSE(spec.has_loss());
  EXPECT_FALSE(spec.has_early_stopping());
  EXPECT_FALSE(spec.has_initial_state());
  EXPECT_EQ(spec.minibatches().batch_case(), v1::Minibatches::BATCH_NOT_SET);
  EXPECT_FALSE(spec.data().has_target());
}

TEST(SpecTest, DefaultsComeBack) {
  const absl::StatusOr<TrainingOptions> options = FromProto(ToProto(TrainingOptions()));
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(*options == TrainingOptions());
}

}  // namespace
}  // namespace trainyard
