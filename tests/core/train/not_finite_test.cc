// What counts of parameters that are not finite.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/status.h"
#include "core/data/dataset_builder.h"
#include "tests/core/train/recorded_run.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

bool AllFinite(const std::string& parameters) {
  std::vector<float> values(parameters.size() / sizeof(float));
  std::memcpy(values.data(), parameters.data(), parameters.size());
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

// The first update overflows; evaluations come after each.
TrainingOptions OverflowingAtOnce() {
  TrainingOptions options = Options();
  options.optimizer.learning_rate = 1e39;
  options.optimizer.rule = SgdOptions();
  options.evaluation.every = EverySteps{1};
  return options;
}

TEST(NotFiniteTest, ParametersThatAreNotFiniteAreNeverTheBest) {
  TrainingOptions options = OverflowingAtOnce();
  options.early_stopping.emplace();
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kDivergence);
  EXPECT_EQ(trainer->end().held, ParametersHeld::kLastFinite);
  EXPECT_FALSE(trainer->Snapshot().best.has_value());
  EXPECT_TRUE(AllFinite(trainer->Snapshot().parameters));
}

TEST(NotFiniteTest, ParametersThatAreNotFiniteReachNoTarget) {
  TrainingOptions options = OverflowingAtOnce();
  options.budget.target_metric = TargetMetric{.metric = Metric::kAccuracy, .value = 0.01};
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_EQ(trainer->end().reason, StopReason::kDivergence);
}

// The first example overflows the weight of an input that the others do not have.
TEST(NotFiniteTest, TheLastFiniteParametersAreThoseBeforeAnOverflowThatNoStepMetForAWhile) {
  const auto data = sparse_run::Open("1 5000:100\n0.5 2:0.001\n0.25 2:0.001\n3 2:0.002\n", Format::kLibsvm);
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.data.stratified = false;
  options.network.hidden.clear();
  options.loss = SquaredOptions();
  options.initialization.weights = ZeroWeightsOptions();
  options.optimizer.rule = SgdOptions();
  options.optimizer.learning_rate = 1e37;
  options.minibatches = {.batch = int64_t{1}, .order = InOrder()};
  options.budget.steps = 50;
  const std::unique_ptr<Trainer> trainer = MakeOn({.training = data}, options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(trainer->end().reason, StopReason::kDivergence);
  ASSERT_GE(sink.steps.size(), 2u);
  EXPECT_EQ(trainer->end().held, ParametersHeld::kLastFinite);
  EXPECT_TRUE(AllFinite(trainer->Snapshot().parameters));
  EXPECT_EQ(trainer->step(), 0);
  EXPECT_EQ(trainer->end().parameters_step, 0);
}

TEST(NotFiniteTest, ARunThatWasLeftAfterAnOverflowEndsWithTheSameParameters) {
  const TrainingOptions options = OverflowingAtOnce();
  const std::unique_ptr<Trainer> whole = Make(options);
  RecordingSink told;
  const std::vector<Checkpoint> between = SnapshotsOf(*whole, told);
  ASSERT_EQ(whole->end().reason, StopReason::kDivergence);
  for (const Checkpoint& checkpoint : between) {
    if (checkpoint.step == 0 && checkpoint != between.front()) break;  // the run has ended
    ExpectToEndAs(*whole, options, checkpoint);
  }
}

// Two examples of this number.
std::shared_ptr<const Dataset> OfNumber(double y) {
  DatasetBuilder builder(Schema{.columns = {{.name = "x"}, {.name = "y", .role = ColumnRole::kTarget}}});
  builder.AddRow(std::vector<double>{1, y});
  builder.AddRow(std::vector<double>{2, y});
  return std::move(builder).Build();
}

TEST(NotFiniteTest, AGradientThatNoFloatHoldsIsMetWhereAllParametersAreZero) {
  TrainingOptions options = Options();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.network.hidden.clear();
  options.initialization.weights = ZeroWeightsOptions();
  options.minibatches.batch = FullBatch();
  const std::unique_ptr<Trainer> trainer = MakeOn({.training = OfNumber(1e39)}, options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  EXPECT_THAT(sink.story, ::testing::ElementsAre("divergence at 0"));
  EXPECT_TRUE(AllFinite(trainer->Snapshot().parameters));
}

TEST(NotFiniteTest, InitialParametersAndVelocitiesThatNoFloatHoldsAreRefused) {
  const auto refused = [](auto change) {
    TrainingOptions options = Options();
    change(options);
    const TrainingData data = Data();
    const absl::Status status = MakeTrainer(*PlanRun(options, data, kMemory), data, nullptr).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    options.precision = Precision::kF64;
    EXPECT_TRUE(MakeTrainer(*PlanRun(options, data, kMemory), data, nullptr).ok());
    return ErrorField(status);
  };
  const NamedTensor large{.name = "layers.1.bias", .shape = {3}, .values = {0, 1e39, 0}};
  EXPECT_EQ(refused([&](auto& o) { o.initial_state.parameters = {large}; }), "precision");
  EXPECT_EQ(refused([&](auto& o) { o.initial_state.velocity = {large}; }), "precision");
  EXPECT_EQ(refused([](auto& o) { o.initialization.biases = ConstantBiasesOptions{.value = -1e39}; }), "precision");
}

TEST(NotFiniteTest, AnUpdateThatIsTakenBackIsNotCountedAsClipped) {
  TrainingOptions options = OverflowingAtOnce();
  options.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.01};
  options.optimizer.learning_rate = 1e42;
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_EQ(trainer->end().reason, StopReason::kDivergence);
  EXPECT_EQ(trainer->step(), 0);
  EXPECT_EQ(trainer->clipped_steps(), 0);
}

}  // namespace
}  // namespace trainyard
