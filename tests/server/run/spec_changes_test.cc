#include "server/run/spec_changes.h"

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "server/run/update_job.h"
#include "server/wire/spec.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::JobSpec Spec() {
  TrainingOptions options;
  options.data.dataset = "datasets/small";
  options.budget.steps = 100;
  options.optimizer.learning_rate = 0.1;
  return ToProto(options);
}

absl::StatusOr<CheckedRun> Check(const v1::JobSpec& spec) {
  ASSIGN_OR_RETURN(const TrainingOptions options, FromProto(spec));
  RETURN_IF_ERROR(Validate(options));
  return CheckedRun{.options = options, .memory_bytes = options.budget.steps.value_or(0)};
}

google::protobuf::FieldMask Fields(std::initializer_list<const char*> paths) {
  google::protobuf::FieldMask fields;
  for (const char* const path : paths) fields.add_paths(path);
  return fields;
}

v1::SpecChange RateChange(int64_t step, double rate) {
  v1::SpecChange change;
  change.set_step(step);
  *change.mutable_fields() = Fields({"optimizer.learning_rate"});
  change.mutable_spec()->mutable_optimizer()->set_learning_rate(rate);
  return change;
}

TEST(SpecChangesTest, MergingTakesTheFieldsNamedAndNoOthers) {
  v1::JobSpec given;
  given.mutable_optimizer()->set_learning_rate(0.5);
  given.mutable_optimizer()->mutable_sgd();
  given.set_seed(9);
  const v1::JobSpec merged = MergeFields(Spec(), given, Fields({"optimizer.learning_rate"}));
  EXPECT_EQ(merged.optimizer().learning_rate(), 0.5);
  EXPECT_TRUE(merged.optimizer().has_nesterov());
  EXPECT_EQ(merged.seed(), 0u);
}

TEST(SpecChangesTest, MergingClearsWhatIsNotGiven) {
  const v1::JobSpec merged =
      MergeFields(Spec(), v1::JobSpec(), Fields({"budget", "optimizer.learning_rate", "optimizer.nesterov"}));
  EXPECT_FALSE(merged.has_budget());
  EXPECT_FALSE(merged.optimizer().has_learning_rate());
  EXPECT_FALSE(merged.optimizer().has_nesterov());
}

TEST(SpecChangesTest, AMessageIsReplacedWhole) {
  v1::JobSpec given;
  given.mutable_budget()->set_epochs(3);
  const v1::JobSpec merged = MergeFields(Spec(), given, Fields({"budget"}));
  EXPECT_EQ(merged.budget().epochs(), 3);
  EXPECT_FALSE(merged.budget().has_steps());
}

TEST(SpecChangesTest, TheSpecAfterSomeChangesHasThese) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  *job.add_changes() = RateChange(3, 0.2);
  *job.add_changes() = RateChange(5, 0.3);
  EXPECT_EQ(SpecAfter(job, 0).optimizer().learning_rate(), 0.1);
  EXPECT_EQ(SpecAfter(job, 1).optimizer().learning_rate(), 0.2);
  EXPECT_EQ(SpecAfter(job, 2).optimizer().learning_rate(), 0.3);
  NoteCurrentSpec(job);
  EXPECT_EQ(job.current_spec().optimizer().learning_rate(), 0.3);
  job.clear_changes();
  NoteCurrentSpec(job);
  EXPECT_FALSE(job.has_current_spec());
}

TEST(SpecChangesTest, OnlyWhatMaySteerIsSteerable) {
  for (const char* const path :
       {"optimizer.learning_rate", "optimizer.schedule", "optimizer.schedule.warm_up", "optimizer.momentum.momentum",
        "optimizer.nesterov", "optimizer.clipping.global_norm.max_norm", "budget", "budget.steps"}) {
    EXPECT_TRUE(CheckSteerable(path, "fields", path).ok()) << path;
  }
  for (const char* const path :
       {"optimizer", "optimizer.sgd", "seed", "data", "budgets", "budget.nothing", "", "network"}) {
    EXPECT_EQ(ErrorField(CheckSteerable(path, "fields", path)), "fields") << path;
  }
}

TEST(SpecChangesTest, AForkHasItsSourcesDataNetworkAndStart) {
  for (const char* const path :
       {"optimizer", "loss", "regularization", "budget", "minibatches.seed", "early_stopping"}) {
    EXPECT_TRUE(CheckForkable(path, "update_mask", path).ok()) << path;
  }
  for (const char* const path : {"data", "data.dataset", "network", "precision", "seed", "initialization",
                                 "initial_state", "warm_start.model", "nothing"}) {
    EXPECT_EQ(ErrorField(CheckForkable(path, "update_mask", path)), "update_mask") << path;
  }
}

TEST(SpecChangesTest, APlannedChangeTellsOnlyTheFieldsThatDifferBeforeAndAfter) {
  v1::JobSpec given = Spec();
  given.mutable_optimizer()->set_learning_rate(0.2);
  const auto planned = PlanChange(Spec(), given, Fields({"budget", "optimizer.learning_rate"}), &Check);
  ASSERT_TRUE(planned.ok() && planned->has_value()) << planned.status();
  const v1::SpecChange& change = (*planned)->change;
  EXPECT_THAT(change.fields().paths(), ElementsAre("optimizer.learning_rate"));
  EXPECT_EQ(change.previous().optimizer().learning_rate(), 0.1);
  EXPECT_EQ(change.spec().optimizer().learning_rate(), 0.2);
  EXPECT_FALSE(change.spec().has_budget());
  EXPECT_EQ((*planned)->run.options.optimizer.learning_rate, 0.2);
}

TEST(SpecChangesTest, EqualValuesAreNoChange) {
  const auto planned = PlanChange(Spec(), Spec(), Fields({"budget", "optimizer.learning_rate"}), &Check);
  ASSERT_TRUE(planned.ok());
  EXPECT_FALSE(planned->has_value());
}

TEST(SpecChangesTest, AnotherUpdateRuleIsRefused) {
  v1::JobSpec given;
  given.mutable_optimizer()->mutable_momentum();
  const auto planned = PlanChange(Spec(), given, Fields({"optimizer.momentum"}), &Check);
  EXPECT_EQ(ErrorField(planned.status()), "optimizer");
}

TEST(SpecChangesTest, ChangesBuildOnEachOther) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  *job.add_changes() = RateChange(3, 0.2);
  v1::SpecChange& budget = *job.add_changes();
  budget.set_step(3);
  *budget.mutable_fields() = Fields({"budget.steps"});
  budget.mutable_spec()->mutable_budget()->set_steps(700);
  const auto planned = PlanChanges(job, &Check);
  ASSERT_TRUE(planned.ok()) << planned.status();
  ASSERT_EQ(planned->options.size(), 2u);
  EXPECT_EQ(planned->options[1].step, 3);
  EXPECT_EQ(planned->options[1].options.optimizer.learning_rate, 0.2);
  EXPECT_EQ(planned->options[1].options.budget.steps, 700);
  EXPECT_EQ(planned->changes[1].previous().budget().steps(), 100);
  EXPECT_EQ(planned->memory_bytes, 700);
}

TEST(SpecChangesTest, ChangesStandInTheOrderOfRollBacksAndStepsFromZero) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  *job.add_changes() = RateChange(3, 0.2);
  *job.add_changes() = RateChange(2, 0.3);
  EXPECT_EQ(PlanChanges(job, &Check).status().message(),
            "changes[1].step = 2, must be at least 3: changes stand in the order of roll-backs and steps");
  job.mutable_changes(1)->set_roll_backs(1);
  EXPECT_TRUE(PlanChanges(job, &Check).ok());
  job.clear_changes();
  *job.add_changes() = RateChange(-1, 0.2);
  EXPECT_EQ(ErrorField(PlanChanges(job, &Check).status()), "changes[0].step");
}

TEST(SpecChangesTest, AnErrorNamesTheChangeThatItIsIn) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  *job.add_changes() = RateChange(3, 0.2);
  *job.add_changes() = RateChange(4, -1);
  EXPECT_EQ(ErrorField(PlanChanges(job, &Check).status()), "changes[1].spec.optimizer.learning_rate");
  job.mutable_changes(1)->mutable_fields()->set_paths(0, "seed");
  EXPECT_EQ(ErrorField(PlanChanges(job, &Check).status()), "changes[1].fields");
}

TEST(SpecChangesTest, AJobTakesAThousandChanges) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  for (int i = 0; i < kMaxChanges; ++i) *job.add_changes() = RateChange(i, 0.2 + i);
  EXPECT_TRUE(PlanChanges(job, &Check).ok());
  *job.add_changes() = RateChange(kMaxChanges, 0.1);
  EXPECT_EQ(ErrorReason(PlanChanges(job, &Check).status()), "TOO_MANY_CHANGES");
}

v1::UpdateJobRequest Request(std::initializer_list<const char*> paths) {
  v1::UpdateJobRequest request;
  *request.mutable_update_mask() = Fields(paths);
  return request;
}

TEST(PlanUpdateTest, WhatTheMaskDoesNotNameStays) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  job.set_display_name("old");
  job.set_priority(3);
  (*job.mutable_labels())["a"] = "b";
  v1::UpdateJobRequest request = Request({"display_name"});
  request.mutable_job()->set_display_name("new");
  request.mutable_job()->set_priority(7);
  const auto update = PlanUpdate(job, request, &Check);
  ASSERT_TRUE(update.ok()) << update.status();
  EXPECT_EQ(update->display_name, "new");
  EXPECT_EQ(update->priority, 3);
  EXPECT_EQ(update->labels.at("a"), "b");
  EXPECT_FALSE(update->change.has_value());
}

TEST(PlanUpdateTest, AChangeOfTheSpecIsOfTheSpecAsItIsNow) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  *job.add_changes() = RateChange(3, 0.2);
  v1::UpdateJobRequest request = Request({"spec.optimizer.learning_rate"});
  request.mutable_job()->mutable_spec()->mutable_optimizer()->set_learning_rate(0.1);
  const auto update = PlanUpdate(job, request, &Check);
  ASSERT_TRUE(update.ok() && update->change.has_value()) << update.status();
  EXPECT_EQ(update->change->change.previous().optimizer().learning_rate(), 0.2);
}

TEST(PlanUpdateTest, AMaskThatIsEmptyOrNamesWhatMayNotChangeIsRefused) {
  v1::Job job;
  *job.mutable_spec() = Spec();
  EXPECT_EQ(ErrorField(PlanUpdate(job, Request({}), &Check).status()), "update_mask");
  EXPECT_EQ(ErrorField(PlanUpdate(job, Request({"state"}), &Check).status()), "update_mask");
  EXPECT_EQ(ErrorField(PlanUpdate(job, Request({"spec.seed"}), &Check).status()), "update_mask");
}

TEST(PlanUpdateTest, PrioritiesAreInTheirRange) {
  EXPECT_TRUE(CheckPriority(1000).ok());
  EXPECT_TRUE(CheckPriority(-1000).ok());
  EXPECT_FALSE(CheckPriority(1001).ok());
  EXPECT_FALSE(CheckPriority(std::numeric_limits<int32_t>::min()).ok());
}

}  // namespace
}  // namespace trainyard
