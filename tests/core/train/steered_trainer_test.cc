#include "core/train/steered_trainer.h"

#include <algorithm>
#include <functional>

#include "core/base/status.h"
#include "tests/core/train/recorded_run.h"
#include "tests/testing/sparse_run.h"

namespace trainyard {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

// How a change alters the options before it.
using Edit = std::function<void(TrainingOptions&)>;

struct Change {
  int64_t step;
  Edit edit;
};

std::vector<OptionsChange> Changes(const TrainingOptions& options, const TrainingData& data,
                                   const std::vector<Change>& changes) {
  TrainingOptions now = CheckRun(options, data, kMemory)->options;
  std::vector<OptionsChange> made;
  for (const Change& change : changes) {
    change.edit(now);
    now = CheckRun(now, data, kMemory)->options;
    made.push_back({.step = change.step, .options = now});
  }
  return made;
}

std::unique_ptr<SteeredTrainer> MakeSteered(const TrainingOptions& options, std::vector<OptionsChange> changes,
                                            const TrainingData& data, const Checkpoint* checkpoint = nullptr) {
  auto trainer = SteeredTrainer::Make(*PlanRun(options, data, kMemory), std::move(changes), data, checkpoint);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  return *std::move(trainer);
}

void RunToEnd(SteeredTrainer& trainer, RunSink& sink) {
  while (trainer.Advance(sink) == Trainer::Next::kMore) {
  }
  ASSERT_TRUE(trainer.failure().ok()) << trainer.failure();
}

TrainingOptions LongOptions() {
  TrainingOptions options = Options();
  options.budget.steps = 24;
  options.evaluation.every = EverySteps{4};
  options.early_stopping = EarlyStoppingOptions{.patience = 50};
  options.checkpoints.every_steps = 1;
  return options;
}

void SetLearningRate(TrainingOptions& options) { options.optimizer.learning_rate = 0.2; }

TEST(SteeredTrainerTest, AChangeActsFromItsUpdateOnAndNotBefore) {
  const TrainingOptions options = LongOptions();
  RecordingSink plain;
  trainyard::RunToEnd(*Make(options), plain);
  const auto steered = MakeSteered(options, Changes(options, Data(), {{10, SetLearningRate}}), Data());
  RecordingSink sink;
  RunToEnd(*steered, sink);
  ASSERT_EQ(sink.steps.size(), plain.steps.size());
  for (int step = 0; step < 10; ++step) EXPECT_EQ(sink.steps[step], plain.steps[step]);
  EXPECT_EQ(sink.steps[9].learning_rate, 0.05);
  EXPECT_EQ(sink.steps[10].learning_rate, 0.2);
  EXPECT_EQ(sink.steps[10].loss, plain.steps[10].loss);
  EXPECT_NE(sink.steps[11].loss, plain.steps[11].loss);
}

TEST(SteeredTrainerTest, OfChangesAtOneUpdateTheLastHolds) {
  const TrainingOptions options = LongOptions();
  const auto changes = Changes(
      options, Data(), {{6, SetLearningRate}, {6, [](TrainingOptions& now) { now.optimizer.learning_rate = 0.3; }}});
  const auto steered = MakeSteered(options, changes, Data());
  RecordingSink sink;
  RunToEnd(*steered, sink);
  EXPECT_EQ(sink.steps[6].learning_rate, 0.3);
  EXPECT_EQ(steered->Snapshot().changes_made, 2);
}

struct Kind {
  std::string name;
  Edit before;
  Edit edit;
};

void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

// Every change that may be made to a run, and some that only a fork makes.
std::vector<Kind> Kinds() {
  const Edit nothing = [](TrainingOptions&) {};
  return {
      {"nothing", nothing, nothing},
      {"learning_rate", nothing, SetLearningRate},
      {"momentum", nothing, [](TrainingOptions& now) { now.optimizer.rule = NesterovOptions{.momentum = 0.5}; }},
      {"clipping_begins", nothing,
       [](TrainingOptions& now) { now.optimizer.clipping = ClipGlobalNorm{.max_norm = 0.1}; }},
      {"clipping_ends", [](TrainingOptions& then) { then.optimizer.clipping = ClipValue{.limit = 0.01}; },
       [](TrainingOptions& now) { now.optimizer.clipping = NoClipping(); }},
      {"longer_budget", nothing, [](TrainingOptions& now) { now.budget.steps = 31; }},
      {"shorter_budget", nothing, [](TrainingOptions& now) { now.budget.steps = 17; }},
      {"schedule", nothing, [](TrainingOptions& now) { now.optimizer.schedule.kind = LinearOptions(); }},
      {"plateau_begins", nothing,
       [](TrainingOptions& now) { now.optimizer.schedule.kind = ReduceOnPlateauOptions{.patience = 1}; }},
      {"plateau_goes_on",
       [](TrainingOptions& then) {
         then.optimizer.schedule.kind = ReduceOnPlateauOptions{.patience = 1, .min_change = 10};
       },
       SetLearningRate},
      {"rule", [](TrainingOptions& then) { then.optimizer.rule = SgdOptions(); },
       [](TrainingOptions& now) { now.optimizer.rule = MomentumOptions{.momentum = 0.5}; }},
      {"penalty", nothing, [](TrainingOptions& now) { now.regularization.l2 = 0.01; }},
      {"stopping", nothing, [](TrainingOptions& now) { now.early_stopping->moving_average = 2; }},
      {"seed", nothing, [](TrainingOptions& now) { now.seed = 5; }},
      {"roll_back", nothing, [](TrainingOptions& now) { now.divergence = RollBack(); }},
  };
}

class EveryChangeTest : public ::testing::TestWithParam<Kind> {
 protected:
  // A run with the change at update 10, whether that came as the run went or was known beforehand, from its start or from any checkpoint.
  void ExpectTheSameBits(TrainingOptions options, const TrainingData& data) {
    GetParam().before(options);
    const std::vector<OptionsChange> changes = Changes(options, data, {{10, GetParam().edit}});
    const auto known = MakeSteered(options, changes, data);
    RecordingSink told;
    RunToEnd(*known, told);

    const auto steered = MakeSteered(options, {}, data);
    RecordingSink sink;
    while (steered->step() < 9) steered->Advance(sink);
    steered->ChangeAt(changes[0]);
    RunToEnd(*steered, sink);
    EXPECT_EQ(steered->Snapshot(), known->Snapshot());
    EXPECT_EQ(sink.steps, told.steps);
    EXPECT_EQ(sink.story, told.story);

    ASSERT_GT(told.saved.size(), 15u);
    for (const Checkpoint& checkpoint : told.saved) {
      const auto resumed = MakeSteered(options, changes, data, &checkpoint);
      RecordingSink rest;
      RunToEnd(*resumed, rest);
      EXPECT_EQ(resumed->Snapshot(), known->Snapshot()) << "from step " << checkpoint.step;
      for (const StepMetrics& step : rest.steps) EXPECT_EQ(step, told.steps[step.step]);
    }
  }
};

TEST_P(EveryChangeTest, PlanAndChangesDecideEveryBitOfADenseRun) { ExpectTheSameBits(LongOptions(), Data()); }

TEST_P(EveryChangeTest, PlanAndChangesDecideEveryBitOfASparseRun) {
  TrainingOptions options = LongOptions();
  options.network.hidden.clear();
  options.data.test = std::monostate();
  options.data.encoding.scaling = Scaling::kNone;
  options.precision = Precision::kF64;
  const sparse_run::Sample sample =
      sparse_run::MakeSample(sparse_run::kRows, sparse_run::kWidth, sparse_run::kNonzeros, 3);
  ExpectTheSameBits(options, {.training = sparse_run::Open(sample.Libsvm(), Format::kLibsvm)});
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryChangeTest, ::testing::ValuesIn(Kinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST(SteeredTrainerTest, AChangeThatChangesNothingChangesNoBit) {
  const TrainingOptions options = LongOptions();
  std::vector<Change> changes;
  for (int64_t step = 0; step < 24; ++step) changes.push_back({step, [](TrainingOptions&) {}});
  const auto steered = MakeSteered(options, Changes(options, Data(), changes), Data());
  const std::unique_ptr<Trainer> plain = Make(options);
  RecordingSink sink;
  RecordingSink plain_sink;
  RunToEnd(*steered, sink);
  trainyard::RunToEnd(*plain, plain_sink);
  EXPECT_EQ(sink.story, plain_sink.story);
  EXPECT_EQ(sink.steps, plain_sink.steps);
  Checkpoint last = steered->Snapshot();
  EXPECT_EQ(last.changes_made, 24);
  last.changes_made = 0;
  EXPECT_EQ(last, plain->Snapshot());
}

TEST(SteeredTrainerTest, ABudgetIsAskedForOnlyAfterTheChangesOfThatUpdate) {
  TrainingOptions options = Options();
  options.budget.steps = 4;
  options.data.test = std::monostate();
  options.data.validation = std::monostate();
  const Edit longer = [](TrainingOptions& now) { now.budget.steps = 6; };
  const auto extended = MakeSteered(options, Changes(options, Data(), {{4, longer}}), Data());
  RecordingSink sink;
  RunToEnd(*extended, sink);
  EXPECT_EQ(sink.steps.size(), 6u);
  EXPECT_EQ(extended->end().reason, StopReason::kSteps);
}

TEST(SteeredTrainerTest, ABudgetBelowTheStepReachedEndsTheRunThereWithItsClosingMeasurements) {
  TrainingOptions options = Options();
  options.evaluation.every = EverySteps{100};
  const Edit shorter = [](TrainingOptions& now) { now.budget.steps = 2; };
  const auto ended = MakeSteered(options, Changes(options, Data(), {{5, shorter}}), Data());
  RecordingSink sink;
  RunToEnd(*ended, sink);
  EXPECT_THAT(sink.story, ElementsAre("step 0", "step 1", "step 2", "step 3", "step 4", "evaluation of part 1 at 5",
                                      "evaluation of part 2 at 5"));
  EXPECT_EQ(ended->end().reason, StopReason::kSteps);
}

TEST(SteeredTrainerTest, AnUpdateThatHasBegunIsMadeUnderTheOptionsItBeganWith) {
  TrainingOptions options = Options();
  options.minibatches.batch = FullBatch();
  options.data.validation = std::monostate();
  options.data.test = std::monostate();
  options.budget.steps = 3;
  const TrainingData data = {.training = MakeSmallDataset(1500, 4, 3)};
  const auto steered = MakeSteered(options, {}, data);
  RecordingSink sink;
  EXPECT_EQ(steered->next_update(), 0);
  steered->Advance(sink);
  ASSERT_EQ(steered->step(), 0);  // several units a step
  EXPECT_EQ(steered->next_update(), 1);
  OptionsChange change = Changes(options, data, {{0, SetLearningRate}})[0];
  change.step = steered->next_update();
  steered->ChangeAt(change);
  RunToEnd(*steered, sink);
  EXPECT_EQ(sink.steps[0].learning_rate, 0.05);
  EXPECT_EQ(sink.steps[1].learning_rate, 0.2);
}

// A roll-back goes back in steps, not in what the user has said.
TEST(SteeredTrainerTest, AfterARollBackChangesThatHadActedStayAlsoFromTheCheckpointOfTheNewAttempt) {
  TrainingOptions options = Options();
  options.budget.steps = 40;
  options.optimizer.rule = SgdOptions();
  options.data.test = std::monostate();
  options.divergence = RollBack{.factor = 1e-39};
  options.evaluation.every = EverySteps{4};
  const Edit too_much = [](TrainingOptions& now) { now.optimizer.learning_rate = 3e38; };
  const std::vector<OptionsChange> changes = Changes(options, Data(), {{10, too_much}});
  const auto steered = MakeSteered(options, changes, Data());
  RecordingSink sink;
  RunToEnd(*steered, sink);
  ASSERT_EQ(sink.attempts.size(), 1u);
  EXPECT_EQ(sink.attempts[0].step, 8);
  EXPECT_EQ(sink.attempts[0].changes_made, 1);
  EXPECT_THAT(sink.story, Contains("step 39"));
  const auto resumed = MakeSteered(options, changes, Data(), &sink.attempts[0]);
  RecordingSink rest;
  RunToEnd(*resumed, rest);
  EXPECT_EQ(rest.steps[0].learning_rate, 3e38 * 1e-39);
  EXPECT_EQ(resumed->Snapshot(), steered->Snapshot());
}

TEST(SteeredTrainerTest, AChangeMadeAfterARollBackDoesNotActBeforeIt) {
  TrainingOptions options = Options();
  options.budget.steps = 20;
  options.data.test = std::monostate();
  options.optimizer.rule = SgdOptions();
  options.optimizer.learning_rate = 3e38;
  options.divergence = RollBack{.factor = 1e-39};
  const auto steered = MakeSteered(options, {}, Data());
  RecordingSink sink;
  while (steered->roll_backs() == 0) steered->Advance(sink);
  ASSERT_GT(sink.steps.back().step, 0);
  ASSERT_EQ(steered->next_update(), 0);
  OptionsChange change =
      Changes(options, Data(), {{0, [](TrainingOptions& now) { now.optimizer.learning_rate = 1e38; }}})[0];
  change.roll_backs = 1;
  steered->ChangeAt(change);
  RunToEnd(*steered, sink);
  const auto known = MakeSteered(options, {change}, Data());
  RecordingSink told;
  RunToEnd(*known, told);
  EXPECT_EQ(told.story, sink.story);
  EXPECT_EQ(told.steps[0].learning_rate, 3e38);
  EXPECT_EQ(known->Snapshot(), steered->Snapshot());
}

TEST(SteeredTrainerTest, ACheckpointThatHasSeenOtherChangesIsOfAnotherRun) {
  const TrainingOptions options = LongOptions();
  Checkpoint checkpoint = Make(options)->Snapshot();
  checkpoint.changes_made = 1;
  const auto trainer = SteeredTrainer::Make(*PlanRun(options, Data(), kMemory), {}, Data(), &checkpoint);
  EXPECT_EQ(ErrorReason(trainer.status()), "CHECKPOINT_DAMAGED");
}

}  // namespace
}  // namespace trainyard
