// Every error of a specification names a field that the contract has.

#include "tests/server/wire/field_path.h"

#include <string>

#include "core/base/status.h"
#include "core/train/options.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/wire/spec.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {
namespace {

TEST(FieldPathTest, FieldsElementsKeysAndOneofsResolve) {
  for (const char* path : {"name", "labels[team.a]", "spec.optimizer.nesterov.momentum", "spec.network.hidden[0].kind",
                           "spec.network.hidden[12].dense.units", "spec.network.hidden", "spec.optimizer.rule"}) {
    EXPECT_TRUE(Resolves(v1::Job::descriptor(), path)) << path;
  }
}

TEST(FieldPathTest, WhatTheContractDoesNotHaveDoesNotResolve) {
  for (const char* path :
       {"", "nothing", "name.x", "name[0]", "spec.network.hidden[x].kind", "spec.network.hidden[0]kind", "spec.",
        "spec.optimizer.rule.nesterov", "spec.network.hidden[].kind", "spec.network.hidden[0"}) {
    EXPECT_FALSE(Resolves(v1::Job::descriptor(), path)) << path;
  }
}

struct BadSpec {
  const char* spec;
  const char* field;
  const char* problem;
};

v1::JobSpec Parse(const char* text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

void ExpectError(const BadSpec& bad, const absl::Status& status) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.spec;
  EXPECT_EQ(ErrorField(status), bad.field) << bad.spec;
  EXPECT_EQ(status.message(), std::string(bad.field) + bad.problem) << bad.spec;
  EXPECT_TRUE(Resolves(v1::JobSpec::descriptor(), bad.field)) << bad.field;
}

const BadSpec kBadShape[] = {
    {"data { encoding { scaling: 9 } }", "data.encoding.scaling",
     " = 9, must be SCALING_STANDARDIZE, SCALING_MIN_MAX or SCALING_NONE"},
    {"data { encoding { missing_numeric: 9 } }", "data.encoding.missing_numeric",
     " = 9, must be MISSING_MEAN, MISSING_MOST_FREQUENT, MISSING_OWN_CATEGORY or MISSING_REFUSE"},
    {"data { encoding { missing_categorical: -1 } }", "data.encoding.missing_categorical",
     " = -1, must be MISSING_MEAN, MISSING_MOST_FREQUENT, MISSING_OWN_CATEGORY or MISSING_REFUSE"},
    {"data { encoding { unseen: 9 } }", "data.encoding.unseen", " = 9, must be UNSEEN_ALL_ZERO or UNSEEN_REFUSE"},
    {"data { class_weights { } }", "data.class_weights.kind", " = unset, must be balanced or given"},
    {"network { hidden { } }", "network.hidden[0].kind", " = unset, must be dense or maxout"},
    {"network { hidden { dense { } } hidden { dense { activation { } } } }", "network.hidden[1].dense.activation.kind",
     " = unset, must be identity, relu, tanh, leaky_relu, sigmoid or softplus"},
    {"optimizer { schedule { } }", "optimizer.schedule.kind",
     " = unset, must be constant, linear, step, exponential, inverse, cosine or reduce_on_plateau"},
    {"optimizer { schedule { step { } } }", "optimizer.schedule.step.length",
     " = unset, must be given in steps or epochs"},
    {"optimizer { schedule { step { length { } } } }", "optimizer.schedule.step.length.unit",
     " = unset, must be steps or epochs"},
    {"optimizer { schedule { exponential { length { } } } }", "optimizer.schedule.exponential.length.unit",
     " = unset, must be steps or epochs"},
    {"optimizer { schedule { inverse { length { } } } }", "optimizer.schedule.inverse.length.unit",
     " = unset, must be steps or epochs"},
    {"optimizer { schedule { cosine { length { } } } }", "optimizer.schedule.cosine.length.unit",
     " = unset, must be steps or epochs"},
    {"optimizer { schedule { constant { } warm_up { } } }", "optimizer.schedule.warm_up.length",
     " = unset, must be given in steps or epochs"},
    {"optimizer { nesterov { schedule { } } }", "optimizer.nesterov.schedule.kind", " = unset, must be ramp or steps"},
    {"optimizer { momentum { schedule { ramp { } } } }", "optimizer.momentum.schedule.ramp.length",
     " = unset, must be given in steps or epochs"},
    {"optimizer { nesterov { schedule { steps { length { } } } } }", "optimizer.nesterov.schedule.steps.length.unit",
     " = unset, must be steps or epochs"},
    {"budget { running_time { seconds: 1 nanos: -1 } }", "budget.running_time",
     " = 1 s -1 ns, must be at most 315,576,000,000 s, with less than 1,000,000,000 ns of the same sign"},
    {"evaluation { metrics: METRIC_LOSS metrics: METRIC_UNSPECIFIED }", "evaluation.metrics[1]",
     " = METRIC_UNSPECIFIED, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, METRIC_LOG_LOSS, "
     "METRIC_RMSE, METRIC_TOP_K_ACCURACY, METRIC_MACRO_F1, METRIC_AUC, METRIC_MAE or METRIC_R2"},
    {"early_stopping { metric: 77 }", "early_stopping.metric",
     " = 77, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, METRIC_LOG_LOSS, METRIC_RMSE, "
     "METRIC_TOP_K_ACCURACY, METRIC_MACRO_F1, METRIC_AUC, METRIC_MAE or METRIC_R2"},
    {"divergence { }", "divergence.kind", " = unset, must be stop or roll_back"},
    {"optimizer { clipping { } }", "optimizer.clipping.kind", " = unset, must be global_norm, value or layer_norm"},
    {"budget { target_metric { value: 1 } }", "budget.target_metric.metric",
     " = METRIC_UNSPECIFIED, must be METRIC_LOSS, METRIC_ACCURACY, METRIC_ZERO_ONE_ERROR, METRIC_LOG_LOSS, "
     "METRIC_RMSE, "
     "METRIC_TOP_K_ACCURACY, METRIC_MACRO_F1, METRIC_AUC, METRIC_MAE or METRIC_R2"},
    {"early_stopping { keep: 9 }", "early_stopping.keep", " = 9, must be KEEP_BEST or KEEP_LAST"},
    {"warm_start { }", "warm_start.source", " = unset, must be model or checkpoint"},
    {"precision: 9", "precision", " = 9, must be PRECISION_F32 or PRECISION_F64"},
};

TEST(FieldPathTest, EveryErrorOfShapeNamesAFieldItsValueAndTheRule) {
  for (const BadSpec& bad : kBadShape) ExpectError(bad, FromProto(Parse(bad.spec)).status());
}

TEST(FieldPathTest, AnUnsetLossNamesEveryLoss) {
  const google::protobuf::OneofDescriptor& kind = *v1::Loss::descriptor()->oneof_decl(0);
  std::string problem = " = unset, must be " + kind.field(0)->name();
  for (int i = 1; i < kind.field_count(); ++i) {
    problem += (i + 1 < kind.field_count() ? ", " : " or ") + kind.field(i)->name();
  }
  ExpectError({"loss { }", "loss.kind", problem.c_str()}, FromProto(Parse("loss { }")).status());
}

const BadSpec kBadRange[] = {
    {"data { dataset: '' }", "data.dataset", " = empty, must be the name of a data set, as in datasets/iris"},
    {"data { validation_fraction: 1 }", "data.validation_fraction", " = 1, must be in (0, 1)"},
    {"data { test_fraction: nan }", "data.test_fraction", " = nan, must be in (0, 1)"},
    {"data { validation_fraction: 0.5 test_fraction: 0.5 }", "data.test_fraction",
     " = 0.5, must be below 1 together with validation_fraction"},
    {"data { encoding { missing_numeric: MISSING_OWN_CATEGORY } }", "data.encoding.missing_numeric",
     " = own_category, must be mean, most_frequent or refuse"},
    {"data { encoding { missing_categorical: MISSING_MEAN } }", "data.encoding.missing_categorical",
     " = mean, must be most_frequent, own_category or refuse"},
    {"data { class_weights { given { weights { key: 'b' value: 0 } } } }", "data.class_weights.given.weights[b]",
     " = 0, must be positive and finite"},
    {"data { class_weights { given { weights { key: 'big cat' value: inf } } } }",
     "data.class_weights.given.weights[big cat]", " = inf, must be positive and finite"},
    {"network { hidden { dense { units: 3 } } hidden { dense { } } }", "network.hidden[1].dense.units",
     " = 0, must be in 1..1000000000"},
    {"network { hidden { dense { units: 3 activation { leaky_relu { slope: 1 } } } } }",
     "network.hidden[0].dense.activation.leaky_relu.slope", " = 1, must be in [0, 1)"},
    {"network { hidden { maxout { } } }", "network.hidden[0].maxout.units", " = 0, must be in 1..1000000000"},
    {"network { hidden { maxout { units: 3 pieces: 65 } } }", "network.hidden[0].maxout.pieces",
     " = 65, must be in 2..64"},
    {"loss { quantile { quantile: 1 } }", "loss.quantile.quantile", " = 1, must be in (0, 1)"},
    {"loss { huber { delta: 0 } }", "loss.huber.delta", " = 0, must be positive and finite"},
    {"optimizer { learning_rate: 0 }", "optimizer.learning_rate", " = 0, must be positive and finite"},
    {"optimizer { momentum { momentum: -0.1 } }", "optimizer.momentum.momentum", " = -0.1, must be in [0, 1)"},
    {"optimizer { nesterov { momentum: 1.2 } }", "optimizer.nesterov.momentum", " = 1.2, must be in [0, 1)"},
    {"optimizer { schedule { linear { final_learning_rate: inf } } }", "optimizer.schedule.linear.final_learning_rate",
     " = inf, must be positive and finite"},
    {"optimizer { schedule { linear { tau_steps: 0 } } }", "optimizer.schedule.linear.tau_steps",
     " = 0, must be at least 1"},
    {"optimizer { schedule { linear { tau_epochs: 0 } } }", "optimizer.schedule.linear.tau_epochs",
     " = 0, must be positive and finite"},
    {"optimizer { schedule { step { factor: 2 length { steps: 1 } } } }", "optimizer.schedule.step.factor",
     " = 2, must be in (0, 1]"},
    {"optimizer { schedule { step { length { steps: 0 } } } }", "optimizer.schedule.step.length.steps",
     " = 0, must be at least 1"},
    {"optimizer { schedule { exponential { factor: 0 } } }", "optimizer.schedule.exponential.factor",
     " = 0, must be in (0, 1]"},
    {"optimizer { schedule { exponential { length { epochs: -1 } } } }", "optimizer.schedule.exponential.length.epochs",
     " = -1, must be positive and finite"},
    {"optimizer { schedule { inverse { power: inf } } }", "optimizer.schedule.inverse.power",
     " = inf, must be positive and finite"},
    {"optimizer { schedule { inverse { length { steps: 0 } } } }", "optimizer.schedule.inverse.length.steps",
     " = 0, must be at least 1"},
    {"optimizer { schedule { cosine { final_learning_rate: -1 } } }", "optimizer.schedule.cosine.final_learning_rate",
     " = -1, must be at least 0 and finite"},
    {"optimizer { schedule { cosine { length { epochs: nan } } } }", "optimizer.schedule.cosine.length.epochs",
     " = nan, must be positive and finite"},
    {"optimizer { schedule { reduce_on_plateau { factor: 1 } } }", "optimizer.schedule.reduce_on_plateau.factor",
     " = 1, must be in (0, 1)"},
    {"optimizer { schedule { reduce_on_plateau { patience: 0 } } }", "optimizer.schedule.reduce_on_plateau.patience",
     " = 0, must be at least 1"},
    {"optimizer { schedule { reduce_on_plateau { min_change: -1 } } }",
     "optimizer.schedule.reduce_on_plateau.min_change", " = -1, must be at least 0 and finite"},
    {"optimizer { schedule { reduce_on_plateau { min_learning_rate: inf } } }",
     "optimizer.schedule.reduce_on_plateau.min_learning_rate", " = inf, must be at least 0 and finite"},
    {"optimizer { schedule { constant { } warm_up { initial: 0 length { steps: 1 } } } }",
     "optimizer.schedule.warm_up.initial", " = 0, must be in (0, 1]"},
    {"optimizer { schedule { constant { } warm_up { length { epochs: 0 } } } }",
     "optimizer.schedule.warm_up.length.epochs", " = 0, must be positive and finite"},
    {"optimizer { nesterov { schedule { ramp { initial: 1 length { steps: 1 } } } } }",
     "optimizer.nesterov.schedule.ramp.initial", " = 1, must be in [0, 1)"},
    {"optimizer { momentum { momentum: 0.5 schedule { ramp { initial: 0.6 length { steps: 1 } } } } }",
     "optimizer.momentum.schedule.ramp.initial",
     " = 0.6, must be at most momentum = 0.5, or the schedule have may_fall, since the momentum would fall"},
    {"optimizer { nesterov { schedule { steps { length { steps: 1 } } } } }",
     "optimizer.nesterov.schedule.steps.values", " = 0 numbers, must be 1 to 100 numbers"},
    {"optimizer { nesterov { schedule { steps { values: [0.5, -1] length { steps: 1 } } } } }",
     "optimizer.nesterov.schedule.steps.values[1]", " = -1, must be in [0, 1)"},
    {"minibatches { size: 0 }", "minibatches.size", " = 0, must be at least 1"},
    {"minibatches { windowed { } }", "minibatches.windowed.rows", " = 0, must be at least 1"},
    {"minibatches { full_batch { } with_replacement { } }", "minibatches.with_replacement",
     " = set, must be left out with full_batch, which takes each example once; give a size to draw as many"},
    {"budget { steps: 0 }", "budget.steps", " = 0, must be in 1..1000000000000000"},
    {"budget { epochs: -1 }", "budget.epochs", " = -1, must be in 1..1000000000000000"},
    {"budget { examples: 0 }", "budget.examples", " = 0, must be in 1..1000000000000000"},
    {"budget { running_time { } }", "budget.running_time", " = 0, must be positive"},
    {"evaluation { every_steps: 0 }", "evaluation.every_steps", " = 0, must be at least 1"},
    {"evaluation { every_epochs: 0 }", "evaluation.every_epochs", " = 0, must be at least 1"},
    {"budget { target_metric { metric: METRIC_LOSS value: 1 } }", "budget.target_metric",
     " = alone, must be given with steps, epochs, examples or running_time: it may never be reached"},
    {"budget { steps: 1 target_metric { metric: METRIC_LOSS value: inf } }", "budget.target_metric.value",
     " = inf, must be finite"},
    {"divergence { roll_back { factor: 1 } }", "divergence.roll_back.factor", " = 1, must be in (0, 1)"},
    {"divergence { roll_back { max_times: 0 } }", "divergence.roll_back.max_times", " = 0, must be at least 1"},
    {"regularization { l2: -1 }", "regularization.l2", " = -1, must be at least 0 and finite"},
    {"regularization { l1: nan }", "regularization.l1", " = nan, must be at least 0 and finite"},
    {"regularization { weight_decay: inf }", "regularization.weight_decay", " = inf, must be at least 0 and finite"},
    {"optimizer { clipping { global_norm { } } }", "optimizer.clipping.global_norm.max_norm",
     " = 0, must be positive and finite"},
    {"optimizer { clipping { value { limit: -1 } } }", "optimizer.clipping.value.limit",
     " = -1, must be positive and finite"},
    {"optimizer { clipping { layer_norm { max_norm: inf } } }", "optimizer.clipping.layer_norm.max_norm",
     " = inf, must be positive and finite"},
    {"early_stopping { moving_average: 0 }", "early_stopping.moving_average", " = 0, must be at least 1"},
    {"evaluation { top_k: 0 }", "evaluation.top_k", " = 0, must be at least 1"},
    {"early_stopping { patience: 0 }", "early_stopping.patience", " = 0, must be at least 1"},
    {"early_stopping { min_change: -1 }", "early_stopping.min_change", " = -1, must be at least 0 and finite"},
    {"checkpoints { every_steps: 0 }", "checkpoints.every_steps", " = 0, must be at least 1"},
    {"initialization { uniform_fan_in { scale: 0 } }", "initialization.uniform_fan_in.scale",
     " = 0, must be positive and finite"},
    {"initialization { uniform_fan_in { scale: nan } }", "initialization.uniform_fan_in.scale",
     " = nan, must be positive and finite"},
    {"initialization { glorot_uniform { gain: 0 } }", "initialization.glorot_uniform.gain",
     " = 0, must be positive and finite"},
    {"initialization { glorot_uniform { gain: nan } }", "initialization.glorot_uniform.gain",
     " = nan, must be positive and finite"},
    {"initialization { glorot_normal { gain: 0 } }", "initialization.glorot_normal.gain",
     " = 0, must be positive and finite"},
    {"initialization { glorot_normal { gain: nan } }", "initialization.glorot_normal.gain",
     " = nan, must be positive and finite"},
    {"initialization { he_normal { gain: 0 } }", "initialization.he_normal.gain", " = 0, must be positive and finite"},
    {"initialization { he_normal { gain: nan } }", "initialization.he_normal.gain",
     " = nan, must be positive and finite"},
    {"initialization { gaussian { deviation: 0 } }", "initialization.gaussian.deviation",
     " = 0, must be positive and finite"},
    {"initialization { gaussian { deviation: nan } }", "initialization.gaussian.deviation",
     " = nan, must be positive and finite"},
    {"initialization { uniform { bound: -1 } }", "initialization.uniform.bound", " = -1, must be positive and finite"},
    {"initialization { uniform { bound: inf } }", "initialization.uniform.bound",
     " = inf, must be positive and finite"},
    {"initialization { orthogonal { gain: 0 } }", "initialization.orthogonal.gain",
     " = 0, must be positive and finite"},
    {"initialization { orthogonal { gain: nan } }", "initialization.orthogonal.gain",
     " = nan, must be positive and finite"},
    {"initialization { sparse { deviation: 0 } }", "initialization.sparse.deviation",
     " = 0, must be positive and finite"},
    {"initialization { sparse { deviation: nan } }", "initialization.sparse.deviation",
     " = nan, must be positive and finite"},
    {"initialization { sparse { nonzeros: 0 } }", "initialization.sparse.nonzeros", " = 0, must be at least 1"},
    {"initialization { constant_biases { value: nan } }", "initialization.constant_biases.value",
     " = nan, must be finite"},
    {"network { hidden { dense { units: 3 } } } initialization { zero_weights { } }", "initialization.zero_weights",
     " = set, must be left out where there are hidden layers: units that start equal stay equal for ever, by symmetry; "
     "zero_output_weights sets the output layer alone"},
    {"warm_start { checkpoint { step: -1 } }", "warm_start.checkpoint.step", " = -1, must be at least 0"},
    {"warm_start { model: 'models/a' } initial_state { parameters { } }", "initial_state.parameters",
     " = 1 tensors, must be left out with warm_start, which gives all parameters"},
    {"initial_state { parameters { } parameters { values: [0, nan] } }", "initial_state.parameters[1].values",
     " = nan, must be finite"},
    {"optimizer { sgd { } } initial_state { velocity { } }", "initial_state.velocity",
     " = 1 tensors, must be left out with plain SGD, which has no velocity"},
};

TEST(FieldPathTest, EveryErrorOfRangeNamesAFieldItsValueAndTheRule) {
  for (const BadSpec& bad : kBadRange) {
    v1::JobSpec spec = Parse("data { dataset: 'datasets/iris' }");
    spec.MergeFrom(Parse(bad.spec));
    if (std::string_view(bad.field) == "data.dataset") spec.mutable_data()->clear_dataset();
    const absl::StatusOr<TrainingOptions> options = FromProto(spec);
    ASSERT_TRUE(options.ok()) << options.status();
    ExpectError(bad, Validate(*options));
  }
}

}  // namespace
}  // namespace trainyard
