// Message -> core type -> the same message, for every converted message.

#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/wire/dataset.h"
#include "server/wire/initialization.h"
#include "server/wire/model.h"
#include "server/wire/momentum_schedule.h"
#include "server/wire/run_events.h"
#include "server/wire/schedule.h"
#include "server/wire/spec.h"
#include "server/wire/stopping.h"
#include "server/wire/training_data.h"
#include "tests/server/wire/message_filler.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr int kFills = 400;

// Of an event, which holds a whole spec where that has changed.
constexpr int kEventFills = 20'000;

// Messages that the tests below, or those of metric_chunk_test.cc, status_test.cc and time_test.cc, take there and
// back.
const std::set<std::string> kConverted = {
    "google.protobuf.Any",
    "google.protobuf.Duration",
    "google.protobuf.Timestamp",
    "google.rpc.Status",
    "trainyard.v1.Absolute",
    "trainyard.v1.Activation",
    "trainyard.v1.BalancedClasses",
    "trainyard.v1.Budget",
    "trainyard.v1.CheckpointPlan",
    "trainyard.v1.CheckpointSource",
    "trainyard.v1.ClassWeights",
    "trainyard.v1.ClipGlobalNorm",
    "trainyard.v1.ClipLayerNorm",
    "trainyard.v1.ClipValue",
    "trainyard.v1.Clipping",
    "trainyard.v1.ClippingBegan",
    "trainyard.v1.ConfusionMatrix",
    "trainyard.v1.Constant",
    "trainyard.v1.ConstantBiases",
    "trainyard.v1.Cosine",
    "trainyard.v1.Dense",
    "trainyard.v1.Divergence",
    "trainyard.v1.DivergencePolicy",
    "trainyard.v1.EarlyStop",
    "trainyard.v1.EarlyStopping",
    "trainyard.v1.EncodingOptions",
    "trainyard.v1.Evaluation",
    "trainyard.v1.EvaluationPlan",
    "trainyard.v1.Event",
    "trainyard.v1.Exponential",
    "trainyard.v1.ExponentialDecay",
    "trainyard.v1.FullBatch",
    "trainyard.v1.Gaussian",
    "trainyard.v1.GivenClassWeights",
    "trainyard.v1.GivenClassWeights.WeightsEntry",
    "trainyard.v1.GlorotNormal",
    "trainyard.v1.GlorotUniform",
    "trainyard.v1.HeNormal",
    "trainyard.v1.Hinge",
    "trainyard.v1.Huber",
    "trainyard.v1.Identity",
    "trainyard.v1.InOrder",
    "trainyard.v1.InitialState",
    "trainyard.v1.Initialization",
    "trainyard.v1.Inverse",
    "trainyard.v1.JobSpec",
    "trainyard.v1.Layer",
    "trainyard.v1.LeakyRelu",
    "trainyard.v1.LearningRateReduced",
    "trainyard.v1.Length",
    "trainyard.v1.Linear",
    "trainyard.v1.Logistic",
    "trainyard.v1.Loss",
    "trainyard.v1.MarginalBiases",
    "trainyard.v1.Maxout",
    "trainyard.v1.MetricChunk",
    "trainyard.v1.MetricColumn",
    "trainyard.v1.MetricValue",
    "trainyard.v1.Minibatches",
    "trainyard.v1.Momentum",
    "trainyard.v1.MomentumRamp",
    "trainyard.v1.MomentumSchedule",
    "trainyard.v1.MomentumSteps",
    "trainyard.v1.MulticlassHinge",
    "trainyard.v1.Nesterov",
    "trainyard.v1.Network",
    "trainyard.v1.Optimizer",
    "trainyard.v1.Orthogonal",
    "trainyard.v1.Patience",
    "trainyard.v1.Perceptron",
    "trainyard.v1.Permutation",
    "trainyard.v1.Poisson",
    "trainyard.v1.Quantile",
    "trainyard.v1.ReduceOnPlateau",
    "trainyard.v1.Regularization",
    "trainyard.v1.Relu",
    "trainyard.v1.RollBack",
    "trainyard.v1.RolledBack",
    "trainyard.v1.Schedule",
    "trainyard.v1.Sgd",
    "trainyard.v1.ShuffledOnce",
    "trainyard.v1.Sigmoid",
    "trainyard.v1.SmoothedHinge",
    "trainyard.v1.SoftmaxCrossEntropy",
    "trainyard.v1.Softplus",
    "trainyard.v1.SparseWeights",
    "trainyard.v1.Squared",
    "trainyard.v1.SquaredHinge",
    "trainyard.v1.SquaredMargin",
    "trainyard.v1.Step",
    "trainyard.v1.StopOnDivergence",
    "trainyard.v1.Tanh",
    "trainyard.v1.TargetMetric",
    "trainyard.v1.Tensor",
    "trainyard.v1.TrainingData",
    "trainyard.v1.UniformFanIn",
    "trainyard.v1.UniformWeights",
    "trainyard.v1.WarmStart",
    "trainyard.v1.WarmUp",
    "trainyard.v1.Warning",
    "trainyard.v1.Windowed",
    "trainyard.v1.WithReplacement",
    "trainyard.v1.ZeroBiases",
    "trainyard.v1.ZeroOne",
    "trainyard.v1.ZeroWeights",
};

// Messages that have no core type: the server writes them.
const std::set<std::string> kMadeByTheServer = {
    "google.protobuf.FieldMask",    "trainyard.v1.Attempt",         "trainyard.v1.CheckpointSaved",
    "trainyard.v1.ForkSource",      "trainyard.v1.Job",             "trainyard.v1.Job.LabelsEntry",
    "trainyard.v1.PriorityChanged", "trainyard.v1.Progress",        "trainyard.v1.Recovered",
    "trainyard.v1.Rewound",         "trainyard.v1.SpecChange",      "trainyard.v1.StateChanged",
};

// Fills messages and takes each one there and back, until every arm of every oneof and every value of every enum was
// tried.
template <typename M>
void ExpectRoundTrip(
    absl::FunctionRef<absl::StatusOr<M>(const M&)> there_and_back,
    absl::FunctionRef<bool(M&)> converted = [](M&) { return true; }, int fills = kFills) {
  MessageFiller filler;
  for (int i = 0; i < fills; ++i) {
    M message;
    filler.Fill(&message);
    if (!converted(message)) continue;
    const absl::StatusOr<M> back = there_and_back(message);
    ASSERT_TRUE(back.ok()) << back.status() << "\n" << message.DebugString();
    std::string difference;
    MessageDifferencer differencer;
    differencer.ReportDifferencesToString(&difference);
    ASSERT_TRUE(differencer.Compare(message, *back)) << difference << "\n" << message.DebugString();
  }
  std::set<std::string> choices;
  std::set<std::string> messages;
  Collect(*M::descriptor(), choices, messages);
  EXPECT_THAT(filler.drawn(), ::testing::ContainerEq(choices));
}

template <typename M>
absl::StatusOr<M> ThereAndBack(const M& message) {
  const auto value = FromProto(message);
  if (!value.ok()) return value.status();
  return ToProto(*value);
}

TEST(RoundTripTest, EveryMessageOfAJobAndOfItsLogIsConvertedOrMadeByTheServer) {
  std::set<std::string> choices;
  std::set<std::string> reachable;
  Collect(*v1::Job::descriptor(), choices, reachable);
  Collect(*v1::Event::descriptor(), choices, reachable);
  std::set<std::string> listed = kConverted;
  listed.insert(kMadeByTheServer.begin(), kMadeByTheServer.end());
  EXPECT_THAT(reachable, ::testing::ContainerEq(listed));
}

TEST(RoundTripTest, JobSpec) { ExpectRoundTrip<v1::JobSpec>(ThereAndBack<v1::JobSpec>); }

TEST(RoundTripTest, DataAndEvaluationOfASpec) {
  ExpectRoundTrip<v1::TrainingData>(ThereAndBack<v1::TrainingData>);
  ExpectRoundTrip<v1::EvaluationPlan>(ThereAndBack<v1::EvaluationPlan>);
}

TEST(RoundTripTest, InitializationAndWarmStart) {
  ExpectRoundTrip<v1::Initialization>([](const v1::Initialization& message) -> absl::StatusOr<v1::Initialization> {
    return ToProto(FromProto(message));
  });
  ExpectRoundTrip<v1::WarmStart>(ThereAndBack<v1::WarmStart>);
}

TEST(RoundTripTest, EventsOfARun) {
  const auto converted = [](v1::Event& event) {
    event.clear_job();
    event.clear_sequence();
    event.clear_attempt();
    event.clear_time();
    if (event.has_evaluation()) event.mutable_evaluation()->set_step(event.step());
    return event.has_evaluation() || event.has_early_stop() || event.has_divergence() || event.has_clipping_began() ||
           event.has_learning_rate_reduced() || event.has_warning();
  };
  ExpectRoundTrip<v1::Event>(ThereAndBack<v1::Event>, converted, kEventFills);
}

TEST(RoundTripTest, ReadOptions) { ExpectRoundTrip<v1::ReadOptions>(ThereAndBack<v1::ReadOptions>); }

TEST(RoundTripTest, EncodingOfAModel) {
  ExpectRoundTrip<v1::Model>([](const v1::Model& model) -> absl::StatusOr<v1::Model> {
    const absl::StatusOr<Encoding> encoding = EncodingFromProto(model);
    if (!encoding.ok()) return encoding.status();
    v1::Model back = model;
    back.clear_features();
    back.clear_target();
    back.clear_weight_column();
    back.clear_weight_scale();
    LogisticOptions loss;
    loss.positive_class = model.target().positive_class();
    ToProto(*encoding, loss, &back);
    return back;
  });
}

TEST(RoundTripTest, NetworkAndLossOfAModel) {
  ExpectRoundTrip<v1::Network>(ThereAndBack<v1::Network>);
  ExpectRoundTrip<v1::Loss>(ThereAndBack<v1::Loss>);
}

TEST(RoundTripTest, Schedules) {
  ExpectRoundTrip<v1::Schedule>(ThereAndBack<v1::Schedule>);
  ExpectRoundTrip<v1::MomentumSchedule>(ThereAndBack<v1::MomentumSchedule>);
}

// Enums that travel from core to the contract only.
template <typename Wire, typename Core>
void ExpectEveryValueIsReached() {
  const EnumDescriptor& descriptor = *google::protobuf::GetEnumDescriptor<Wire>();
  std::set<Wire> reached;
  for (int i = 0; i < descriptor.value_count() - 1; ++i) reached.insert(ToProto(static_cast<Core>(i)));
  EXPECT_EQ(reached.size(), static_cast<size_t>(descriptor.value_count() - 1));
  EXPECT_EQ(reached.count(Wire(0)), 0u);
}

TEST(RoundTripTest, EveryStopReasonRoleAndKindOfParametersIsWritten) {
  ExpectEveryValueIsReached<v1::StopReason, StopReason>();
  ExpectEveryValueIsReached<v1::ParametersHeld, ParametersHeld>();
  ExpectEveryValueIsReached<v1::ColumnRole, ColumnRole>();
}

}  // namespace
}  // namespace trainyard
