// The checkpoints of a run, and the model that each of them makes.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/run/first_state.h"
#include "server/run/job_run.h"
#include "server/wire/model.h"
#include "server/wire/run_events.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr absl::Duration kBetweenSaves = absl::Seconds(10);
constexpr int64_t kSaveShare = 100;  // saving may take a hundredth of the time
constexpr int kKeptCheckpoints = 10;

// A run stands back while several of its checkpoints, and so many bytes of them, wait for the disk: its memory is counted with one; and
// while so many do, behind which all that others commit would wait.
constexpr int64_t kMostUnsavedBytes = 4 << 20;
constexpr int64_t kMostUnsaved = 8;

// Every other checkpoint is past the event that the job was submitted.
bool IsFirstState(const StoredCheckpoint& checkpoint) { return checkpoint.log_position == 0; }

}  // namespace

absl::StatusOr<JobRun::Start> JobRun::NewestCheckpoint() {
  ASSIGN_OR_RETURN(const std::vector<StoredCheckpoint> stored, services_.catalogue.Checkpoints(key_));
  absl::Status damaged;
  for (const StoredCheckpoint& candidate : stored) {
    if (candidate.attempt != attempt_) continue;
    absl::StatusOr<Checkpoint> checkpoint = services_.saver.Load(key_, candidate);
    if (checkpoint.ok()) return Start{.checkpoint = *std::move(checkpoint), .position = candidate.log_position};
    damaged = checkpoint.status();
    Warn("CHECKPOINT_DAMAGED", std::string(damaged.message()));
  }
  // The log can be replayed from its very start as well; a later attempt began with a checkpoint.
  if (attempt_ > 1 && !damaged.ok()) return damaged;
  ASSIGN_OR_RETURN(std::optional<Checkpoint> first, FirstState());
  return Start{.checkpoint = std::move(first), .position = 0};
}

// nullopt: all of it is drawn.
absl::StatusOr<std::optional<Checkpoint>> JobRun::FirstState() const {
  {
    absl::MutexLock lock(&mutex_);
    if (!BeginsWithCheckpoint(job_)) return std::optional<Checkpoint>();
  }
  ASSIGN_OR_RETURN(const std::vector<StoredCheckpoint> stored, services_.catalogue.Checkpoints(key_));
  const auto first = std::find_if(stored.begin(), stored.end(), IsFirstState);
  if (first == stored.end()) {
    return WithReason(absl::DataLossError("the parameters to begin with are not there any more"), "CHECKPOINT_DAMAGED");
  }
  ASSIGN_OR_RETURN(Checkpoint checkpoint, services_.saver.Load(key_, *first));
  return std::optional<Checkpoint>(std::move(checkpoint));
}

// Once: the run's own is newer than what is committed.
absl::Status JobRun::RestoreModel() {
  absl::MutexLock lock(&mutex_);
  if (!model_.name().empty()) return absl::OkStatus();
  absl::StatusOr<v1::Model> model = services_.catalogue.GetModel(job_.model());
  if (!model.ok()) return absl::IsNotFound(model.status()) ? absl::OkStatus() : model.status();
  if (model->parameters_held() == v1::PARAMETERS_HELD_BEST) {
    for (const v1::Evaluation& evaluation : model->evaluations()) {
      if (evaluation.part() == v1::PART_VALIDATION) best_evaluation_ = evaluation;
    }
  }
  model_ = *std::move(model);
  return absl::OkStatus();
}

void JobRun::SaveIfDue(absl::Time now) {
  const absl::Duration least =
      std::max(kBetweenSaves, kSaveShare * absl::Nanoseconds(save_nanoseconds_.load(std::memory_order_relaxed)));
  if (options_.checkpoints.every_steps.has_value() || now - last_save_ < least) return;
  if (unsaved_.load(std::memory_order_relaxed) > 0 || beginning_attempt_ || log_->replaying()) return;
  last_save_ = now;
  log_->Flush();
  SaveCheckpoint(trainer_->Snapshot(), Keep::kNewest, [self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) self->Warn("CHECKPOINT_NOT_SAVED", std::string(status.message()));
  });
}

bool JobRun::SavesTooMuch() const {
  const int64_t unsaved = unsaved_.load(std::memory_order_relaxed);
  return unsaved > kMostUnsaved || (unsaved > 1 && unsaved * checkpoint_bytes_ >= kMostUnsavedBytes);
}

void JobRun::NoteSaved() {
  if (unsaved_.fetch_sub(1) > 1) services_.scheduler.Wake(this);
}

void JobRun::Save(Checkpoint checkpoint) {
  log_->Flush();
  SaveCheckpoint(std::move(checkpoint), Keep::kAlways, [self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) self->Warn("CHECKPOINT_NOT_SAVED", std::string(status.message()));
  });
}

void JobRun::SaveCheckpoint(Checkpoint checkpoint, Keep keep, Saved saved) {
  const ParametersHeld held = checkpoint.best.has_value() ? ParametersHeld::kBest : ParametersHeld::kLast;
  SaveCheckpoint(std::move(checkpoint), keep, held, std::move(saved));
}

void JobRun::SaveCheckpoint(Checkpoint checkpoint, Keep keep, ParametersHeld held, Saved saved) {
  Held described = DescribeHeld(checkpoint, held);
  {
    absl::MutexLock lock(&mutex_);
    if (model_.name().empty()) model_ = MakeModel();
  }
  checkpoint_bytes_ = ArrayBytes(checkpoint);
  ++unsaved_;
  Saved done = [self = shared_from_this(), saved = std::move(saved)](const absl::Status& status) {
    self->NoteSaved();
    saved(status);
  };
  services_.saver.Save(key_, std::move(checkpoint),
                       {.attempt = attempt_, .log_position = log_->position(), .pinned = keep == Keep::kAlways},
                       [self = shared_from_this(), held = std::move(described),
                        done = std::move(done)](absl::StatusOr<SavedCheckpoint> result) mutable {
                         if (!result.ok()) return done(result.status());
                         self->save_nanoseconds_ = absl::ToInt64Nanoseconds(result->took);
                         self->services_.counters.checkpoint.Observe(result->took);
                         self->LogCheckpoint(*std::move(result), std::move(held), std::move(done));
                       });
}

// A file stays until nobody, not even a server after the death of the machine, finds its row.
void JobRun::RemoveFilesOnceGone(const std::vector<StoredCheckpoint>& removed) {
  if (removed.empty()) return;
  services_.queue.CommitDurably([](Connection&) { return absl::OkStatus(); },
                                [self = shared_from_this(), removed](const absl::Status& gone) {
                                  if (!gone.ok()) return;
                                  for (const StoredCheckpoint& checkpoint : removed) {
                                    self->services_.saver.RemoveFileLater(self->key_, checkpoint);
                                  }
                                });
}

JobRun::Held JobRun::DescribeHeld(const Checkpoint& checkpoint, ParametersHeld which) const {
  Held held{
      .which = which, .step = checkpoint.best.has_value() ? checkpoint.best->step : checkpoint.step, .evaluations = {}};
  absl::MutexLock lock(&mutex_);
  for (const v1::Evaluation& evaluation : job_.latest_evaluations()) {
    const bool found_best =
        evaluation.part() == v1::PART_VALIDATION && which == ParametersHeld::kBest && best_evaluation_.has_value();
    *held.evaluations.Add() = found_best ? *best_evaluation_ : evaluation;
  }
  return held;
}

void JobRun::LogCheckpoint(SavedCheckpoint saved, Held held, Saved logged) {
  v1::Event event;
  event.mutable_checkpoint_saved()->set_parameters_digest(saved.stored.digest);
  event.mutable_checkpoint_saved()->set_size_bytes(saved.stored.size_bytes);
  LogWithCheckpoint(std::move(event), std::move(saved), std::move(held), std::move(logged));
}

// What is refused, as by a log that has ended meanwhile, has no row.
JobRun::Saved JobRun::OrRemoveFile(StoredCheckpoint stored, Saved logged) {
  return [self = shared_from_this(), stored = std::move(stored), logged = std::move(logged)](const absl::Status& told) {
    if (!told.ok()) self->services_.saver.RemoveFileLater(self->key_, stored);
    logged(told);
  };
}

// The event, the checkpoint in place of older ones, and the model that it makes are committed together. Under the lock: a row that is read
// is queued before any change of it.
void JobRun::LogWithCheckpoint(v1::Event event, SavedCheckpoint saved, Held held, Saved logged) {
  event.set_attempt(saved.stored.attempt);
  event.set_step(saved.stored.step);
  absl::MutexLock lock(&mutex_);
  model_.set_step(held.step);
  model_.set_parameters_held(ToProto(held.which));
  model_.set_parameters_digest(saved.held_digest);
  model_.set_etag(absl::StrCat(saved.stored.attempt, "-", saved.stored.step, "-", saved.held_digest.substr(0, 16)));
  *model_.mutable_evaluations() = std::move(held.evaluations);
  if (!saved.stored.in_row) logged = OrRemoveFile(saved.stored, std::move(logged));
  const auto removed = std::make_shared<std::vector<StoredCheckpoint>>();
  logged = [self = shared_from_this(), removed, logged = std::move(logged)](const absl::Status& told) {
    if (told.ok()) self->RemoveFilesOnceGone(*removed);
    logged(told);
  };
  // The row of a later attempt comes with the checkpoint that the attempt begins with.
  CommitQueue::Change update;
  if (saved.stored.attempt == job_.attempt()) update = services_.catalogue.Update(key_, job_);
  AppendEvent(
      std::move(event),
      [insert = services_.catalogue.Insert(key_, std::move(saved.stored)),
       remove = services_.catalogue.RemoveOldCheckpoints(key_, kKeptCheckpoints - 1, removed),
       put = services_.catalogue.Put(key_, model_),
       update = std::move(update)](Connection& connection) mutable -> absl::Status {
        RETURN_IF_ERROR(insert(connection));
        RETURN_IF_ERROR(remove(connection));
        RETURN_IF_ERROR(put(connection));
        return update ? update(connection) : absl::OkStatus();
      },
      std::move(logged));
}

v1::Model JobRun::MakeModel() const {
  const RunPlan& plan = trainer_->plan();
  v1::Model model;
  model.set_name(job_.model());
  model.set_job(name_);
  model.set_display_name(job_.display_name());
  *model.mutable_labels() = job_.labels();
  model.set_precision(job_.spec().precision());
  *model.mutable_network() = ToProto(plan.options.network);
  *model.mutable_loss() = ToProto(*plan.options.loss);
  for (const TensorShape& tensor : plan.layout.tensors()) *model.add_tensors() = ToProto(tensor);
  model.set_parameter_count(plan.layout.parameter_count());
  ToProto(plan.encoding, *plan.options.loss, &model);
  *model.mutable_create_time() = ToProto(absl::Now());
  return model;
}

}  // namespace trainyard
