#include "client/cli/set_field.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "client/cli/train_flags.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard::cli {
namespace {

using ::testing::HasSubstr;

v1::JobSpec Parse(const std::string& text) {
  v1::JobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return spec;
}

void ExpectSpec(const std::vector<std::string>& assignments, const std::string& expected,
                const std::string& before = "") {
  v1::JobSpec spec = Parse(before);
  for (const std::string& assignment : assignments) {
    const absl::Status status = SetField(spec, assignment);
    ASSERT_TRUE(status.ok()) << assignment << ": " << status;
  }
  EXPECT_EQ(spec.DebugString(), Parse(expected).DebugString());
}

std::string Error(const std::string& assignment, const std::string& before = "") {
  v1::JobSpec spec = Parse(before);
  const absl::Status status = SetField(spec, assignment);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << assignment;
  return std::string(status.message());
}

TEST(SetFieldTest, ScalarsTakeTheTypeOfTheirField) {
  ExpectSpec({"optimizer.learning_rate=1e-3"}, "optimizer { learning_rate: 0.001 }");
  ExpectSpec({"seed=18446744073709551615"}, "seed: 18446744073709551615");
  ExpectSpec({"budget.epochs=-3"}, "budget { epochs: -3 }");
  ExpectSpec({"data.stratified=false"}, "data { stratified: false }");
  ExpectSpec({"data.target=a = b, \"c\""}, "data { target: 'a = b, \"c\"' }");
  ExpectSpec({"data.target=null"}, "data { target: 'null' }");
  ExpectSpec({"optimizer.learning_rate=-inf"}, "optimizer { learning_rate: -inf }");
  ExpectSpec({"optimizer.learning_rate=nan"}, "optimizer { learning_rate: nan }");
}

TEST(SetFieldTest, VariantsOnTheWayAreChosen) {
  ExpectSpec({"optimizer.schedule.step.factor=0.5", "optimizer.schedule.step.length.epochs=2"},
             "optimizer { schedule { step { factor: 0.5 length { epochs: 2 } } } }");
  ExpectSpec({"minibatches.windowed.rows=1000"}, "minibatches { windowed { rows: 1000 } }");
  ExpectSpec({"loss.huber.delta=2"}, "loss { huber { delta: 2 } }", "loss { squared {} }");
}

TEST(SetFieldTest, AZeroIsAValue) {
  ExpectSpec({"optimizer.nesterov.schedule.may_fall=false"}, "optimizer { nesterov { schedule {} } }",
             "optimizer { nesterov { schedule { may_fall: true } } }");
  ExpectSpec({"optimizer.nesterov.momentum=0"}, "optimizer { nesterov { momentum: 0 } }");
  ExpectSpec({"minibatches.size=0"}, "minibatches { size: 0 }");
}

TEST(SetFieldTest, EnumsGoByTheirShortNames) {
  ExpectSpec({"precision=f64"}, "precision: PRECISION_F64");
  ExpectSpec({"optimizer.schedule.reduce_on_plateau.metric=zero-one-error"},
             "optimizer { schedule { reduce_on_plateau { metric: METRIC_ZERO_ONE_ERROR } } }");
}

TEST(SetFieldTest, TimesAreWrittenAsInTheTimeFlag) {
  ExpectSpec({"budget.running_time=90s"}, "budget { running_time { seconds: 90 } }");
  ExpectSpec({"budget.running_time=1h30m"}, "budget { running_time { seconds: 5400 } }");
  ExpectSpec({"budget.running_time=0.5"}, "budget { running_time { nanos: 500000000 } }");
}

TEST(SetFieldTest, AOneofTakesTheNameOfAVariant) {
  ExpectSpec({"optimizer.rule=sgd"}, "optimizer { sgd {} }");
  ExpectSpec({"network.hidden[0].kind=dense"}, "network { hidden { dense {} } }");
}

TEST(SetFieldTest, AMessageIsReplacedByWhatTheBracesHold) {
  ExpectSpec({"initialization.he_normal={}"}, "initialization { he_normal {} }");
  ExpectSpec({"optimizer={learning_rate: 0.5, clipping: {value: {limit: 2}}}"},
             "optimizer { learning_rate: 0.5 clipping { value { limit: 2 } } }", "optimizer { sgd {} }");
}

TEST(SetFieldTest, AListTakesAllItsElements) {
  ExpectSpec({"optimizer.nesterov.schedule.steps.values=0.5,0.9"},
             "optimizer { nesterov { schedule { steps { values: [0.5, 0.9] } } } }",
             "optimizer { nesterov { schedule { steps { values: [0.1, 0.2, 0.3] } } } }");
  ExpectSpec({"evaluation.metrics=accuracy,log_loss"}, "evaluation { metrics: [METRIC_ACCURACY, METRIC_LOG_LOSS] }");
  ExpectSpec({"network.hidden=[{dense: {units: 8}}, {dense: {units: 4}}]"},
             "network { hidden { dense { units: 8 } } hidden { dense { units: 4 } } }");
  ExpectSpec({"evaluation.metrics="}, "evaluation {}", "evaluation { metrics: METRIC_LOSS }");
}

TEST(SetFieldTest, AnElementOrTheNextOneIsSet) {
  const std::string two = "network { hidden { dense { units: 8 } } hidden { dense { units: 4 } } }";
  ExpectSpec(
      {"network.hidden[1].dense.activation.leaky_relu.slope=0.1"},
      "network { hidden { dense { units: 8 } } hidden { dense { units: 4 activation { leaky_relu { slope: 0.1 } } "
      "} } }",
      two);
  ExpectSpec({"network.hidden[0].dense.units=8", "network.hidden[1].dense.units=4"}, two);
  const std::string values = "optimizer { nesterov { schedule { steps { values: [0.1, 0.2] } } } }";
  ExpectSpec({"optimizer.nesterov.schedule.steps.values[0]=0.5"},
             "optimizer { nesterov { schedule { steps { values: [0.5, 0.2] } } } }", values);
  ExpectSpec({"optimizer.nesterov.schedule.steps.values[2]=0.5"},
             "optimizer { nesterov { schedule { steps { values: [0.1, 0.2, 0.5] } } } }", values);
}

TEST(SetFieldTest, EntriesOfAMapHaveTheirKeysInBrackets) {
  ExpectSpec({"data.class_weights.given.weights[A]=2", "data.class_weights.given.weights[b.c=d]=3",
              "data.class_weights.given.weights[A]=4"},
             "data { class_weights { given { weights { key: 'A' value: 4 } weights { key: 'b.c=d' value: 3 } } } }");
}

TEST(SetFieldTest, DashesAndCapitalsAreUnderstood) {
  ExpectSpec({"Optimizer.Learning-Rate=1"}, "optimizer { learning_rate: 1 }");
}

TEST(SetFieldTest, APathThatLeadsNowhereSaysWhereItEndsAndWhatThereIs) {
  EXPECT_THAT(Error("optimiser.learning_rate=1"),
              HasSubstr("the specification has no optimiser; it has data, network, loss, optimizer, "));
  EXPECT_EQ(Error("optimizer.schedule.stepp.factor=1"),
            "optimizer.schedule has no stepp; it has constant, linear, step, exponential, inverse, cosine, "
            "reduce_on_plateau, warm_up");
  EXPECT_EQ(Error("optimizer.schedule.step.rate=1"), "optimizer.schedule.step has no rate; it has factor, length");
  EXPECT_EQ(Error("optimizer.sgd.rate=1"), "optimizer.sgd has no fields");
  EXPECT_EQ(Error("optimizer.learning_rate.x=1"), "optimizer.learning_rate has no fields");
  EXPECT_EQ(Error("budget.running_time.seconds=1"), "budget.running_time has no fields");
  EXPECT_EQ(Error("optimizer.schedule.linear.tau=1"),
            "optimizer.schedule.linear has no tau; it has final_learning_rate, tau_steps, tau_epochs");
}

TEST(SetFieldTest, BracketsBelongToListsAndMaps) {
  EXPECT_EQ(Error("network.hidden[1].dense.units=1"), "hidden has 0 elements; [1] is none of them, nor the next");
  EXPECT_EQ(Error("network.hidden[2].dense.units=1", "network { hidden {} }"),
            "hidden has 1 element; [2] is none of them, nor the next");
  EXPECT_EQ(Error("network.hidden[x].dense.units=1"), "hidden has 0 elements; [x] is none of them, nor the next");
  EXPECT_EQ(Error("network.hidden.dense.units=1"),
            "network.hidden is a list; name an element, the first as in network.hidden[0]");
  EXPECT_EQ(Error("optimizer[0].learning_rate=1"), "optimizer is not a list");
  EXPECT_EQ(Error("optimizer.learning_rate[0]=1"), "learning_rate is not a list");
  EXPECT_EQ(Error("evaluation.metrics[1]=loss"), "metrics has 0 elements; [1] is none of them, nor the next");
}

TEST(SetFieldTest, AValueThatDoesNotFitSaysWhatWould) {
  EXPECT_EQ(Error("optimizer.learning_rate=fast"), "\"fast\" is not a number");
  EXPECT_EQ(Error("optimizer.learning_rate="), "\"\" is not a number");
  EXPECT_EQ(Error("budget.steps=1.5"), "\"1.5\" is not a whole number");
  EXPECT_EQ(Error("data.stratified=maybe"), "\"maybe\" is not true or false");
  EXPECT_EQ(Error("budget.running_time=long"), "\"long\" is not a time, as 90s or 1h30m");
  EXPECT_EQ(Error("precision=f16"), "\"f16\" is not one of f32, f64");
  EXPECT_EQ(Error("optimizer.schedule.step=0.5"),
            "\"0.5\" is not {} or {field: value, ...} of its fields factor, length");
  EXPECT_EQ(Error("optimizer.schedule.step={rate: 1}"),
            "\"{rate: 1}\" is not {} or {field: value, ...} of its fields factor, length");
  EXPECT_EQ(Error("optimizer.sgd=yes"), "\"yes\" is not {}");
  EXPECT_EQ(Error("optimizer.rule=adamant"), "\"adamant\" is not one of sgd, momentum, nesterov");
  EXPECT_EQ(Error("data.class_weights.given.weights[A]=heavy"), "\"heavy\" is not a number");
  EXPECT_EQ(Error("optimizer.nesterov.schedule.steps.values=0.5,x"), "\"0.5,x\" is not a number");
}

TEST(SetFieldTest, WhatIsNoAssignmentIsSaid) {
  for (const char* text :
       {"", "=1", "optimizer", "optimizer.=1", ".x=1", "network.hidden[0=1", "network.hidden[0]x=1"}) {
    EXPECT_THAT(Error(text), HasSubstr("is not PATH=VALUE, as in optimizer.learning_rate=0.1")) << text;
  }
}

TEST(SetFieldTest, AssignmentsComeAfterAllFlags) {
  v1::Job job;
  ASSERT_TRUE(
      ApplyFlags({.learning_rate = 0.1, .assignments = {"optimizer.learning_rate=0.2"}, .check = false}, job).ok());
  EXPECT_EQ(job.spec().optimizer().learning_rate(), 0.2);
  EXPECT_EQ(ApplyFlags({.assignments = {"precision=f16"}}, job).message(),
            "--set precision=f16: \"f16\" is not one of f32, f64");
}

TEST(WarmUpFlagTest, IsALengthInStepsOrEpochs) {
  v1::Job job;
  ASSERT_TRUE(ApplyFlags({.warm_up = "500"}, job).ok());
  EXPECT_EQ(job.spec().optimizer().schedule().warm_up().length().steps(), 500);
  EXPECT_TRUE(job.spec().optimizer().schedule().has_constant());
  ASSERT_TRUE(ApplyFlags({.schedule = "cosine", .warm_up = "2.5epochs"}, job).ok());
  EXPECT_EQ(job.spec().optimizer().schedule().warm_up().length().epochs(), 2.5);
  EXPECT_TRUE(job.spec().optimizer().schedule().has_cosine());
  EXPECT_EQ(ApplyFlags({.warm_up = "long"}, job).message(),
            "--warm-up: \"long\" is not a length; write 500 or 2.5epochs");
}

}  // namespace
}  // namespace trainyard::cli
