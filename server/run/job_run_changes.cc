// Changes of what a run does: steering, and going back to an earlier checkpoint.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/run/branch.h"
#include "server/run/check_spec.h"
#include "server/run/job_run.h"
#include "server/run/job_states.h"
#include "server/run/metrics.h"
#include "server/run/names.h"

namespace trainyard {
namespace {

absl::Status ClosingError(const std::string& name) {
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat(name, " has made its last update and is about to end; fork it to go on")),
                    "JOB_ENDED");
}

}  // namespace

// Does `run` where no unit of work is under way, on the worker that has the run, and waits for it.
absl::Status JobRun::BetweenUnits(std::function<absl::Status()> run) {
  Errand errand{.run = std::move(run), .status = {}};
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return EndedError(job_);
    errand_ = &errand;
    has_errand_ = true;
  }
  services_.scheduler.Hasten(this);
  absl::MutexLock lock(&mutex_);
  const auto settled = [this, &errand]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return errand.done || (errand_ == &errand && (HasEnded() || !end_status_.ok()));
  };
  mutex_.Await(absl::Condition(&settled));
  if (errand.done) return errand.status;
  errand_ = nullptr;
  has_errand_ = false;
  RETURN_IF_ERROR(end_status_);
  return EndedError(job_);
}

void JobRun::RunErrand() {
  Errand* errand = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    errand = std::exchange(errand_, nullptr);
    has_errand_ = false;
  }
  if (errand == nullptr) return;
  absl::Status status = errand->run();
  absl::MutexLock lock(&mutex_);
  errand->status = std::move(status);
  errand->done = true;
}

absl::Status JobRun::Update(const JobUpdate& update) {
  RETURN_IF_ERROR(BetweenUnits([this, &update] { return UpdateNow(update); }));
  return AwaitDurable();
}

absl::Status JobRun::UpdateNow(const JobUpdate& update) {
  if (!update.change.has_value()) return NoteUpdate(update, std::nullopt);
  if (trainer_ != nullptr && trainer_->closing()) return ClosingError(name_);
  v1::SpecChange change = update.change->change;
  ASSIGN_OR_RETURN(const Place place, NextUpdate());
  change.set_step(place.step);
  change.set_roll_backs(place.roll_backs);
  OptionsChange options{.step = place.step, .roll_backs = place.roll_backs, .options = update.change->run.options};
  if (log_.has_value()) log_->Flush();
  if (trainer_ != nullptr) trainer_->ChangeAt(options);
  changes_.push_back(std::move(options));
  memory_bytes_ = std::max(memory_bytes_.load(), update.change->run.memory_bytes);
  return NoteUpdate(update, std::move(change));
}

// The rows of job and model, and the events of what changed.
absl::Status JobRun::NoteUpdate(const JobUpdate& update, std::optional<v1::SpecChange> change) {
  if (trainer_ == nullptr) RETURN_IF_ERROR(RestoreModel());
  absl::MutexLock lock(&mutex_);
  std::vector<v1::Event> events;
  if (update.priority != job_.priority()) {
    v1::Event& event = events.emplace_back();
    event.set_step(job_.progress().step());
    event.mutable_priority_changed()->set_previous(job_.priority());
    event.mutable_priority_changed()->set_priority(update.priority);
  }
  v1::Job now = job_;
  now.set_display_name(update.display_name);
  *now.mutable_labels() = update.labels;
  now.clear_deadline();
  if (update.deadline.has_value()) *now.mutable_deadline() = *update.deadline;
  const bool renamed = !google::protobuf::util::MessageDifferencer::Equals(now, job_);
  if (!renamed && events.empty() && !change.has_value()) return absl::OkStatus();
  job_ = std::move(now);
  if (!model_.name().empty()) {
    model_.set_display_name(job_.display_name());
    *model_.mutable_labels() = job_.labels();
    if (ModelIsLogged()) services_.queue.Commit(services_.catalogue.Put(key_, model_), nullptr);
  }
  job_.set_priority(update.priority);
  priority_ = update.priority;
  job_.set_etag(absl::StrCat(++version_));
  if (change.has_value()) {
    *job_.add_changes() = *change;
    NoteCurrentSpec(job_);
    v1::Event& event = events.emplace_back();
    event.set_step(change->step());
    *event.mutable_spec_changed() = *std::move(change);
  }
  for (v1::Event& event : events) AppendEvent(std::move(event), services_.catalogue.Update(key_, job_), nullptr);
  if (events.empty()) services_.queue.Commit(services_.catalogue.Update(key_, job_), nullptr);
  return absl::OkStatus();
}

// The first update that has not begun and that the log does not have: where a change may act.
absl::StatusOr<JobRun::Place> JobRun::NextUpdate() {
  Place next;
  if (trainer_ != nullptr) {
    next = {.roll_backs = trainer_->roll_backs(), .step = std::max(trainer_->next_update(), logged_until_)};
  } else {
    ASSIGN_OR_RETURN(next, LastPlaceKept());
  }
  if (changes_.empty()) return next;
  const OptionsChange& last = changes_.back();
  if (last.roll_backs == next.roll_backs) next.step = std::max(next.step, last.step);
  return next;
}

// Where a run that no worker has will go on: behind what is logged.
absl::StatusOr<JobRun::Place> JobRun::LastPlaceKept() {
  Place place;
  {
    absl::MutexLock lock(&mutex_);
    place.step = FirstStepOf(job_, attempt_);
    if (InState(v1::STATE_QUEUED)) return place;
  }
  ASSIGN_OR_RETURN(const int64_t logged, LoggedSteps(services_.log, key_, attempt_));
  place.step = std::max(place.step, logged);
  ASSIGN_OR_RETURN(const Start start, NewestCheckpoint());
  if (!start.checkpoint.has_value()) return place;
  return Place{.roll_backs = start.checkpoint->roll_backs, .step = std::max(place.step, start.checkpoint->step)};
}

// Of the job's changes, those that have acted; a roll-back may have led below their steps.
absl::StatusOr<int64_t> JobRun::ChangesMade() {
  if (trainer_ != nullptr) return trainer_->changes_made();
  ASSIGN_OR_RETURN(const Start start, NewestCheckpoint());
  ASSIGN_OR_RETURN(const Place place, LastPlaceKept());
  size_t made = start.checkpoint.has_value() ? static_cast<size_t>(start.checkpoint->changes_made) : 0;
  const auto acted = [&place](const OptionsChange& change) {
    return change.roll_backs <= place.roll_backs && change.step < place.step;
  };
  while (made < changes_.size() && acted(changes_[made])) ++made;
  return static_cast<int64_t>(made);
}

absl::Status JobRun::Rewind(int64_t step, const SpecCheck& check) {
  v1::Job job;
  {
    absl::MutexLock lock(&mutex_);
    const auto settled = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return !leaving_ || HasEnded() || !end_status_.ok();
    };
    mutex_.Await(absl::Condition(&settled));
    if (HasEnded()) return EndedError(job_);
    RETURN_IF_ERROR(CheckBegun());
    if (!InState(v1::STATE_PAUSED)) {
      return WithReason(absl::FailedPreconditionError(absl::StrCat(name_, " runs; pause it before it goes back")),
                        "JOB_RUNNING");
    }
    job = job_;
  }
  if (services_.queue.short_of_room()) return StorageFull(services_.blobs.FreeBytes());
  ASSIGN_OR_RETURN(const ChosenCheckpoint chosen, services_.saver.LoadChosen(key_, [&](const auto& kept) {
    return ChooseCheckpoint(job, kept, step);
  }));
  const Checkpoint& checkpoint = chosen.state;
  ASSIGN_OR_RETURN(const LogPage page, services_.log.Read(key_, 1, 1));
  ASSIGN_OR_RETURN(const SavedCheckpoint saved, services_.saver.SaveFirst(key_, checkpoint, attempt_ + 1, page.newest));
  const absl::Status status = BetweenUnits([&] { return RewindNow(saved, checkpoint, check); });
  if (!status.ok()) services_.saver.RemoveFile(saved.stored).IgnoreError();
  return status;
}

absl::Status JobRun::RewindNow(SavedCheckpoint saved, const Checkpoint& checkpoint, const SpecCheck& check) {
  {
    absl::MutexLock lock(&mutex_);
    if (!InState(v1::STATE_PAUSED) || wanted() == Wanted::kCancel) {
      return WithReason(absl::FailedPreconditionError(absl::StrCat(name_, " is not paused any more")), "JOB_RUNNING");
    }
  }
  ASSIGN_OR_RETURN(const PlannedChanges changes, ChangesAfterRewind(checkpoint, check));
  ASSIGN_OR_RETURN(const std::vector<v1::Evaluation> former, ReadEvaluations(checkpoint.step, key_, services_.log));
  RETURN_IF_ERROR(RestoreModel());
  TrainingData data;
  ASSIGN_OR_RETURN(data, OpenData(options_.data, services_.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(options_, data, services_.memory_limit));
  ASSIGN_OR_RETURN(auto trainer,
                   SteeredTrainer::Make(std::move(plan), changes.options, data, &checkpoint, crew_.get()));

  data_ = std::move(data);
  trainer_ = std::move(trainer);
  changes_ = changes.options;
  logged_until_ = checkpoint.step;
  attempt_ = saved.stored.attempt;
  log_.emplace(services_.log, key_, name_, attempt_, saved.stored.log_position);
  counted_steps_ = trainer_->step();
  counted_examples_ = trainer_->examples();
  NoteRewind(checkpoint, changes, former);
  v1::Event event;
  event.mutable_rewound()->set_to_step(checkpoint.step);
  event.mutable_rewound()->set_parameters_digest(checkpoint.parameters_digest);
  Held held = DescribeHeld(checkpoint, checkpoint.best.has_value() ? ParametersHeld::kBest : ParametersHeld::kLast);
  LogWithCheckpoint(std::move(event), std::move(saved), std::move(held), [](const absl::Status&) {});
  return absl::OkStatus();
}

// What had acted up to the checkpoint stays, what had not acted at all acts at once; the rest is undone.
absl::StatusOr<PlannedChanges> JobRun::ChangesAfterRewind(const Checkpoint& checkpoint, const SpecCheck& check) {
  ASSIGN_OR_RETURN(const int64_t made, ChangesMade());
  v1::Job job = Describe();
  const google::protobuf::RepeatedPtrField<v1::SpecChange> all = job.changes();
  job.clear_changes();
  for (int i = 0; i < all.size(); ++i) {
    if (i >= checkpoint.changes_made && i < made) continue;
    v1::SpecChange& kept = *job.add_changes();
    kept = all[i];
    if (i < checkpoint.changes_made) continue;
    kept.set_step(checkpoint.step);
    kept.set_roll_backs(checkpoint.roll_backs);
  }
  return PlanChanges(job, check);
}

void JobRun::NoteRewind(const Checkpoint& checkpoint, const PlannedChanges& changes,
                        const std::vector<v1::Evaluation>& evaluations) {
  absl::MutexLock lock(&mutex_);
  *job_.mutable_changes() = {changes.changes.begin(), changes.changes.end()};
  NoteCurrentSpec(job_);
  NoteAttempt(checkpoint.step);
  v1::Progress& progress = *job_.mutable_progress();
  progress.set_step(checkpoint.step);
  progress.set_examples(trainer_->examples());
  progress.set_clipped_steps(checkpoint.clipped_steps);
  progress.set_epoch(checkpoint.step / trainer_->plan().steps_per_epoch);
  progress.set_total_steps(trainer_->plan().total_steps);
  job_.clear_latest_evaluations();
  best_evaluation_.reset();
  for (const v1::Evaluation& evaluation : evaluations) NoteEvaluation(evaluation);
  if (model_.name().empty()) model_ = MakeModel();
}

void JobRun::NoteAttempt(int64_t first_step) {
  job_.set_attempt(attempt_);
  v1::Attempt& attempt = *job_.add_attempts();
  attempt.set_attempt(attempt_);
  attempt.set_first_step(first_step);
  attempt.set_numeric_fingerprint(NumericFingerprint());
}

// Of whoever computed the steps that are logged: another's before this server's. A job of an earlier version says nothing of that before its
// first checkpoint.
std::string JobRun::FingerprintOf(const Checkpoint* checkpoint) const {
  if (checkpoint != nullptr && checkpoint->fingerprint != NumericFingerprint()) return checkpoint->fingerprint;
  absl::MutexLock lock(&mutex_);
  const std::string attempt = job_.attempts().empty() ? "" : job_.attempts().rbegin()->numeric_fingerprint();
  return attempt.empty() ? NumericFingerprint() : attempt;
}

}  // namespace trainyard
