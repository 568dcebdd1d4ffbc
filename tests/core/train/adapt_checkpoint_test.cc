#include "core/train/adapt_checkpoint.h"

#include "tests/core/train/recorded_run.h"

namespace trainyard {
namespace {

TrainingOptions Base() {
  TrainingOptions options = Options();
  options.optimizer.rule = MomentumOptions{.momentum = 0.9};
  options.early_stopping = EarlyStoppingOptions{.patience = 50};
  options.evaluation.every = EverySteps{2};
  return options;
}

// At step 6 of a run of `options`.
Checkpoint SomeCheckpoint(const TrainingOptions& options) {
  const std::unique_ptr<Trainer> trainer = Make(options);
  RecordingSink sink;
  while (trainer->step() < 6 || !trainer->BeforeUpdate()) trainer->Advance(sink);
  return trainer->Snapshot();
}

Checkpoint Adapt(const TrainingOptions& then, const TrainingOptions& now) {
  return *AdaptCheckpoint(SomeCheckpoint(then), then, now, [&] { return Make(now)->Snapshot(); });
}

std::string StateNamed(const Checkpoint& checkpoint, std::string_view name) {
  for (const NamedBytes& array : checkpoint.optimizer_state) {
    if (array.name == name) return array.bytes;
  }
  return "none";
}

TEST(AdaptCheckpointTest, EqualOptionsChangeNothingAndAskForNoFreshState) {
  const auto adapted = AdaptCheckpoint(SomeCheckpoint(Base()), Base(), Base(), [] {
    ADD_FAILURE();
    return Checkpoint();
  });
  EXPECT_EQ(*adapted, SomeCheckpoint(Base()));
}

TEST(AdaptCheckpointTest, ParametersAndStepStayWhateverChanges) {
  TrainingOptions now = Base();
  now.optimizer.rule = SgdOptions();
  now.early_stopping.reset();
  now.optimizer.schedule.kind = ReduceOnPlateauOptions();
  const Checkpoint adapted = Adapt(Base(), now);
  EXPECT_EQ(adapted.step, 6);
  EXPECT_EQ(adapted.parameters_digest, SomeCheckpoint(Base()).parameters_digest);
  EXPECT_EQ(adapted.parameters, SomeCheckpoint(Base()).parameters);
}

TEST(AdaptCheckpointTest, AVelocityIsTakenOverByAnotherRuleThatHasOne) {
  TrainingOptions now = Base();
  now.optimizer.rule = NesterovOptions{.momentum = 0.5};
  EXPECT_EQ(StateNamed(Adapt(Base(), now), "velocity"), StateNamed(SomeCheckpoint(Base()), "velocity"));
  now.optimizer.rule = SgdOptions();
  EXPECT_EQ(StateNamed(Adapt(Base(), now), "velocity"), "none");
}

TEST(AdaptCheckpointTest, ARuleThatHadNoVelocityBeginsWithZero) {
  TrainingOptions then = Base();
  then.optimizer.rule = SgdOptions();
  const std::string velocity = StateNamed(Adapt(then, Base()), "velocity");
  EXPECT_EQ(velocity, std::string(SomeCheckpoint(then).parameters.size(), '\0'));
}

TEST(AdaptCheckpointTest, EarlyStoppingForgetsItsBestOnlyWithItsMetricItsAverageOrWhatItKeeps) {
  TrainingOptions patient = Base();
  patient.early_stopping->patience = 3;
  patient.early_stopping->min_change = 0.5;
  EXPECT_TRUE(Adapt(Base(), patient).stopping->has_best);
  EXPECT_TRUE(Adapt(Base(), patient).best.has_value());
  for (const auto& edit : {+[](EarlyStoppingOptions& now) { now.metric = Metric::kLogLoss; },
                           +[](EarlyStoppingOptions& now) { now.moving_average = 2; },
                           +[](EarlyStoppingOptions& now) { now.keep = Keep::kLast; }}) {
    TrainingOptions now = Base();
    edit(*now.early_stopping);
    EXPECT_FALSE(Adapt(Base(), now).stopping->has_best);
    EXPECT_FALSE(Adapt(Base(), now).best.has_value());
  }
  TrainingOptions never = Base();
  never.early_stopping.reset();
  EXPECT_FALSE(Adapt(Base(), never).stopping.has_value());
  EXPECT_FALSE(Adapt(never, Base()).stopping->has_best);
}

TEST(AdaptCheckpointTest, APlateauScheduleForgetsOnlyWithItsMetric) {
  TrainingOptions then = Base();
  then.optimizer.schedule.kind = ReduceOnPlateauOptions{.patience = 1, .min_change = 10};
  TrainingOptions now = then;
  std::get<ReduceOnPlateauOptions>(now.optimizer.schedule.kind).factor = 0.5;
  EXPECT_EQ(Adapt(then, now).schedule_state, SomeCheckpoint(then).schedule_state);
  std::get<ReduceOnPlateauOptions>(now.optimizer.schedule.kind).metric = Metric::kZeroOneError;
  EXPECT_EQ(Adapt(then, now).schedule_state, Make(now)->Snapshot().schedule_state);
}

TEST(AdaptCheckpointTest, ATargetThatWasReachedCountsAsLongAsItIsTheSame) {
  TrainingOptions then = Base();
  then.budget.target_metric = TargetMetric{.metric = Metric::kLoss, .value = 100};
  const std::unique_ptr<Trainer> trainer = Make(then);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  const Checkpoint reached = trainer->Snapshot();
  ASSERT_TRUE(reached.target_reached);
  const auto adapt = [&](const TrainingOptions& now) {
    return *AdaptCheckpoint(reached, then, now, [&] { return Make(now)->Snapshot(); });
  };
  EXPECT_TRUE(adapt(then).target_reached);
  TrainingOptions now = then;
  now.budget.target_metric->value = 0;
  EXPECT_FALSE(adapt(now).target_reached);
}

TEST(AdaptCheckpointTest, ATargetThatIsGivenUpIsForgottenInThePlaceToGoBackToAsWell) {
  TrainingOptions then = Base();
  then.divergence = RollBack();
  then.budget.target_metric = TargetMetric{.metric = Metric::kLoss, .value = 100};
  const std::unique_ptr<Trainer> trainer = Make(then);
  RecordingSink sink;
  RunToEnd(*trainer, sink);
  ASSERT_TRUE(DecodeCheckpoint(trainer->Snapshot().roll_back_to)->target_reached);
  TrainingOptions now = then;
  now.budget.target_metric.reset();
  const Checkpoint adapted = *AdaptCheckpoint(trainer->Snapshot(), then, now, [&] { return Make(now)->Snapshot(); });
  EXPECT_FALSE(DecodeCheckpoint(adapted.roll_back_to)->target_reached);
}

TEST(AdaptCheckpointTest, WhatIsRememberedOfALossIsForgottenWithTheLoss) {
  TrainingOptions then = Base();
  then.early_stopping->metric = Metric::kLoss;
  then.optimizer.schedule.kind = ReduceOnPlateauOptions{.patience = 1, .min_change = 10};
  TrainingOptions now = then;
  now.loss = MulticlassHingeOptions();
  const Checkpoint adapted = Adapt(then, now);
  EXPECT_FALSE(adapted.stopping->has_best);
  EXPECT_FALSE(adapted.best.has_value());
  EXPECT_EQ(adapted.schedule_state, Make(now)->Snapshot().schedule_state);
  then.early_stopping->metric = now.early_stopping->metric = Metric::kZeroOneError;
  EXPECT_TRUE(Adapt(then, now).stopping->has_best);
}

TEST(AdaptCheckpointTest, WhatIsRememberedOfTopKAccuracyIsForgottenWithK) {
  TrainingOptions then = Base();
  then.early_stopping->metric = Metric::kTopKAccuracy;
  then.evaluation.top_k = 1;
  TrainingOptions now = then;
  now.evaluation.top_k = 2;
  EXPECT_TRUE(Adapt(then, then).stopping->has_best);
  EXPECT_FALSE(Adapt(then, now).stopping->has_best);
}

TEST(AdaptCheckpointTest, WhatWasRolledBackIsForgottenWithThePolicy) {
  TrainingOptions then = Base();
  then.divergence = RollBack();
  Checkpoint checkpoint = SomeCheckpoint(then);
  checkpoint.learning_rate_factor = 0.25;
  checkpoint.roll_backs = 2;
  const auto adapt = [&](const TrainingOptions& now) {
    return *AdaptCheckpoint(checkpoint, then, now, [&] { return Make(now)->Snapshot(); });
  };
  EXPECT_EQ(adapt(then), checkpoint);
  EXPECT_EQ(adapt(Base()).learning_rate_factor, 1);
  EXPECT_EQ(adapt(Base()).roll_backs, 0);
  EXPECT_EQ(adapt(Base()).roll_back_to, "");
}

TEST(AdaptCheckpointTest, APlaceToGoBackToThatNoLongerFitsIsTheCheckpointItself) {
  TrainingOptions then = Base();
  then.divergence = RollBack();
  TrainingOptions now = then;
  now.optimizer.rule = SgdOptions();
  for (const TrainingOptions& before : {then, Base()}) {
    const Checkpoint adapted = Adapt(before, now);
    const Checkpoint place = *DecodeCheckpoint(adapted.roll_back_to);
    EXPECT_EQ(place.step, 6);
    EXPECT_EQ(place.optimizer_state, adapted.optimizer_state);
    EXPECT_FALSE(place.best.has_value());
  }
}

}  // namespace
}  // namespace trainyard
