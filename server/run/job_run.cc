// The slices of a run: begin, train, pause, end.

#include "server/run/job_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/run/branch.h"
#include "server/run/check_spec.h"
#include "server/run/job_states.h"
#include "server/wire/run_events.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

// The clock is read after about this much work.
constexpr absl::Duration kBetweenClocks = absl::Microseconds(100);
constexpr int64_t kMaxUnitsBetweenClocks = 1024;

// A run stands back while more of its events wait for the log.
constexpr int64_t kMaxUncommittedBytes = 4 << 20;

}  // namespace

JobRun::JobRun(const RunServices& services, StoredJob stored, CheckedRun run, std::vector<OptionsChange> changes,
               Told told)
    : services_(services),
      key_(stored.key),
      name_(stored.job.name()),
      owner_(stored.owner),
      memory_bytes_(run.memory_bytes),
      priority_(stored.job.priority()),
      options_(std::move(run.options)),
      told_(std::move(told)),
      changes_(std::move(changes)),
      attempt_(stored.job.attempt()),
      running_time_(FromProto(stored.job.progress().running_time(), "running_time").value_or(absl::ZeroDuration())),
      job_(std::move(stored.job)) {
  if (options_.threads > 1) {
    crew_ = std::make_shared<Crew>(options_.threads - 1, [this] { services_.scheduler.CallHelp(crew_); });
  }
  absl::MutexLock lock(&mutex_);
  if (!absl::SimpleAtoi(job_.etag(), &version_)) version_ = 1;
  CountState(1);
}

JobRun::~JobRun() {
  absl::MutexLock lock(&mutex_);
  CountState(-1);
}

Sliced::Then JobRun::RunSlice(absl::Duration length) {
  if (!std::exchange(begun_, true)) told_.begun(*this);
  {
    absl::MutexLock lock(&mutex_);
    if (leaving_ || HasEnded()) return Then::kWait;
  }
  if (beginning_attempt_.load()) return Then::kWait;
  if (has_errand_.load()) {
    RunErrand();
    if (wanted() == Wanted::kRun) return Then::kReady;
  }
  {
    absl::MutexLock lock(&mutex_);
    if (InState(v1::STATE_PAUSED) && wanted() != Wanted::kCancel) return Then::kWait;
  }
  if (const absl::Status status = AttemptStatus(); !status.ok()) return FailNow(status);
  if (log_.has_value() && !log_->failure().ok()) return FailAfterLog();
  if (wanted() == Wanted::kCancel) return CancelNow();
  if (wanted() == Wanted::kRun && services_.queue.short_of_room()) return StandStill();
  if (trainer_ == nullptr) {
    if (wanted() == Wanted::kPause) return PauseNow();
    const absl::Time begin = absl::Now();
    if (const absl::Status status = Begin(); !status.ok()) return FailNow(status);
    running_time_ += absl::Now() - begin;
    counted_steps_ = trainer_->step();
    counted_examples_ = trainer_->examples();
    if (beginning_attempt_.load()) return Then::kWait;
  }
  return TrainFor(length);
}

// The log has refused an event, and with it those that were numbered after it: the end comes when all of them are settled.
Sliced::Then JobRun::FailAfterLog() {
  if (services_.log.UncommittedBytes(key_) == 0) return FailNow(log_->failure());
  WakeAfterLog();
  return Then::kWait;
}

void JobRun::WakeAfterLog() {
  services_.queue.Commit(
      [](Connection&) { return absl::OkStatus(); },
      [self = shared_from_this()](const absl::Status&) { self->services_.scheduler.Wake(self.get()); });
}

Sliced::Then JobRun::StandStill() {
  bool is_first = false;
  {
    absl::MutexLock lock(&mutex_);
    is_first = !std::exchange(standing_still_, true);
  }
  if (is_first) Warn("STORAGE_FULL", std::string(kStandsStill));
  services_.queue.WhenThereIsRoom([self = shared_from_this()] {
    {
      absl::MutexLock lock(&self->mutex_);
      self->standing_still_ = false;
    }
    self->services_.scheduler.Wake(self.get());
  });
  return Then::kWait;
}

absl::Status JobRun::Begin() {
  ASSIGN_OR_RETURN(data_, OpenData(options_.data, services_.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(options_, data_, services_.memory_limit));
  {
    absl::MutexLock lock(&mutex_);
    *job_.mutable_spec() = ToProto(plan.options);
    NoteCurrentSpec(job_);
    v1::Progress& progress = *job_.mutable_progress();
    progress.set_total_steps(plan.total_steps);
    progress.set_training_examples(static_cast<int64_t>(plan.training_rows.size()));
    progress.set_validation_examples(static_cast<int64_t>(plan.validation_rows.size()));
    progress.set_test_examples(static_cast<int64_t>(plan.test_rows.size()));
  }
  last_save_ = absl::Now();
  bool queued = false;
  {
    absl::MutexLock lock(&mutex_);
    queued = InState(v1::STATE_QUEUED);
  }
  if (!queued) return TakeUp(std::move(plan));

  const std::vector<RunWarning> warnings = plan.warnings;
  ASSIGN_OR_RETURN(const std::optional<Checkpoint> first, FirstState());
  ASSIGN_OR_RETURN(trainer_, SteeredTrainer::Make(std::move(plan), changes_, data_,
                                                  first.has_value() ? &*first : nullptr, crew_.get()));
  v1::StateChanged change;
  change.set_state(v1::STATE_RUNNING);
  change.set_message("training");
  v1::Job job;
  {
    absl::MutexLock lock(&mutex_);
    for (v1::Attempt& attempt : *job_.mutable_attempts()) attempt.set_numeric_fingerprint(NumericFingerprint());
    job = Enter(std::move(change));
  }
  services_.counters.queue_wait.Observe(absl::Now() - FromProto(job.create_time()));
  log_.emplace(services_.log, key_, name_, attempt_, job.newest_sequence());
  for (const RunWarning& warning : warnings) Warn(warning.reason, warning.message);
  return absl::OkStatus();
}

// The run was under way when a former server ended: it goes on from its newest checkpoint, or from its start.
absl::Status JobRun::TakeUp(RunPlan plan) {
  ASSIGN_OR_RETURN(const Start start, NewestCheckpoint());
  if (start.checkpoint.has_value()) RETURN_IF_ERROR(RestoreModel());
  const Checkpoint* checkpoint = start.checkpoint.has_value() ? &*start.checkpoint : nullptr;
  const std::string made_by = FingerprintOf(checkpoint);
  const bool same_numbers = made_by == NumericFingerprint();
  ASSIGN_OR_RETURN(trainer_, SteeredTrainer::Make(std::move(plan), changes_, data_, checkpoint, crew_.get()));
  ASSIGN_OR_RETURN(const LogPage newest, services_.log.Read(key_, 1, 1));
  log_.emplace(services_.log, key_, name_, attempt_, newest.newest);
  if (!same_numbers) {
    services_.journal.Write(Severity::kWarning, "replay_refused", {{"job", name_}, {"numeric_fingerprint", made_by}});
    BeginAttempt(trainer_->Snapshot());
    Warn("NUMERIC_FINGERPRINT",
         absl::StrCat("the steps so far are of ", made_by, ", this server is ", NumericFingerprint(), ": those from ",
                      trainer_->step(), " on are computed anew, as attempt ", attempt_.load()));
  }
  if (same_numbers) RETURN_IF_ERROR(log_->BeginReplay(start.position, trainer_->step()));
  ASSIGN_OR_RETURN(const int64_t logged_steps, LoggedSteps(services_.log, key_, attempt_));
  logged_until_ = std::max(logged_steps, trainer_->step());
  v1::Event event;
  event.set_step(trainer_->step());
  event.mutable_recovered()->set_replay_until_step(logged_until_);
  AppendEvent(std::move(event), nullptr, nullptr);
  return absl::OkStatus();
}

void JobRun::Step(const StepMetrics& metrics) { log_->Step(metrics); }

void JobRun::Tell(const RunEvent& run_event) {
  v1::Event event = ToProto(run_event);
  if (event.has_evaluation()) {
    absl::MutexLock lock(&mutex_);
    NoteEvaluation(event.evaluation());
  }
  log_->Tell(std::move(event));
}

void JobRun::NoteEvaluation(const v1::Evaluation& evaluation) {
  if (evaluation.patience().improved()) best_evaluation_ = evaluation;
  auto& latest = *job_.mutable_latest_evaluations();
  const auto same_part = std::find_if(latest.begin(), latest.end(),
                                      [&](const v1::Evaluation& former) { return former.part() == evaluation.part(); });
  *(same_part == latest.end() ? latest.Add() : &*same_part) = evaluation;
}

// Nothing of the attempt is told before its checkpoint is safe: a crash does not lead into the old attempt again.
void JobRun::BeginAttempt(Checkpoint checkpoint) {
  beginning_attempt_ = true;
  log_->BeginAttempt(++attempt_);
  counted_steps_ = trainer_->step();
  counted_examples_ = trainer_->examples();
  {
    absl::MutexLock lock(&mutex_);
    NoteAttempt(checkpoint.step);
    v1::Progress& progress = *job_.mutable_progress();
    progress.set_step(checkpoint.step);
    progress.set_examples(trainer_->examples());
    progress.set_clipped_steps(checkpoint.clipped_steps);
  }
  SaveCheckpoint(std::move(checkpoint), Keep::kAlways, [self = shared_from_this()](const absl::Status& status) {
    {
      absl::MutexLock lock(&self->mutex_);
      self->attempt_status_ = status;
    }
    self->beginning_attempt_ = false;
    self->services_.scheduler.Wake(self.get());
  });
}

absl::Status JobRun::AttemptStatus() const {
  absl::MutexLock lock(&mutex_);
  return attempt_status_;
}

bool JobRun::MayGoOn() const { return wanted() == Wanted::kRun && !errand_waits() && !SavesTooMuch(); }

Sliced::Then JobRun::TrainFor(absl::Duration length) {
  const absl::Time begin = absl::Now();
  const absl::Time deadline = begin + length;
  absl::Time last = begin;
  int64_t units = 1;
  while (true) {
    for (int64_t unit = 0; unit < units && MayGoOn(); ++unit) {
      if (trainer_->Advance(*this) == Trainer::Next::kEnded) {
        running_time_ += absl::Now() - begin;
        return EndNow();
      }
      if (!log_->mismatch().ok()) return FailNow(log_->mismatch());
      if (beginning_attempt_.load(std::memory_order_relaxed)) {
        running_time_ += absl::Now() - begin;
        return Then::kWait;
      }
      if (first_slice_) break;
    }
    const absl::Time now = absl::Now();
    if (first_slice_) log_->Flush();
    first_slice_ = false;
    log_->FlushOld(now);
    if (!MayGoOn() || now >= deadline) {
      running_time_ += now - begin;
      AfterSlice(now);
      break;
    }
    const double spent = std::max(absl::FDivDuration(now - last, kBetweenClocks), 1e-3);
    units = std::clamp<int64_t>(static_cast<int64_t>(static_cast<double>(units) / spent), 1, kMaxUnitsBetweenClocks);
    last = now;
  }
  if (wanted() == Wanted::kCancel) return CancelNow();
  if (wanted() == Wanted::kPause) return PauseNow();
  return WaitForLog() || SavesTooMuch() ? Then::kWait : Then::kReady;
}

void JobRun::CountWork() {
  services_.counters.steps.Add(trainer_->step() - std::exchange(counted_steps_, trainer_->step()));
  services_.counters.examples.Add(trainer_->examples() - std::exchange(counted_examples_, trainer_->examples()));
}

void JobRun::AfterSlice(absl::Time now) {
  CountWork();
  if (services_.scheduler.Contended()) log_->Flush();
  const std::optional<absl::Duration>& limit = trainer_->plan().options.budget.running_time;
  if (limit.has_value() && running_time_ >= *limit && !log_->replaying()) trainer_->StopSoon(StopReason::kRunningTime);
  SaveIfDue(now);

  absl::MutexLock lock(&mutex_);
  v1::Progress& progress = *job_.mutable_progress();
  progress.set_step(std::max(progress.step(), trainer_->step()));
  progress.set_examples(std::max(progress.examples(), trainer_->examples()));
  progress.set_clipped_steps(std::max(progress.clipped_steps(), trainer_->clipped_steps()));
  progress.set_total_steps(trainer_->plan().total_steps);
  progress.set_epoch(progress.step() / trainer_->plan().steps_per_epoch);
  *progress.mutable_running_time() = ToProto(running_time_);
  const double seconds = absl::ToDoubleSeconds(running_time_);
  progress.set_steps_per_second(seconds > 0 ? static_cast<double>(progress.step() - FirstStepOf(job_, 1)) / seconds
                                            : 0);
}

// Whether the run must stand back until the log has caught up; then it is woken.
bool JobRun::WaitForLog() {
  if (services_.log.UncommittedBytes(key_) < kMaxUncommittedBytes) return false;
  log_->Flush();
  WakeAfterLog();
  return true;
}

Sliced::Then JobRun::PauseNow() {
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
  }
  const auto enter = [self = shared_from_this()](const absl::Status& status) {
    if (!status.ok()) self->Warn("CHECKPOINT_NOT_SAVED", std::string(status.message()));
    v1::StateChanged change;
    change.set_state(v1::STATE_PAUSED);
    change.set_message("goes on from here when it is resumed");
    {
      absl::MutexLock lock(&self->mutex_);
      self->Enter(std::move(change));
    }
    // What was asked for meanwhile.
    if (self->errand_waits() || self->wanted() == Wanted::kCancel) self->services_.scheduler.Hasten(self.get());
  };
  if (trainer_ == nullptr || log_->replaying()) {
    enter(absl::OkStatus());
    return Then::kWait;
  }
  log_->Flush();
  SaveCheckpoint(trainer_->Snapshot(), Keep::kNewest, enter);
  return Then::kWait;
}

Sliced::Then JobRun::EndNow() {
  if (!trainer_->failure().ok()) return FailNow(trainer_->failure());
  log_->Finish();
  if (!log_->mismatch().ok()) return FailNow(log_->mismatch());
  AfterSlice(absl::Now());
  const RunEnd end = trainer_->end();
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
  }
  SaveCheckpoint(
      trainer_->Snapshot(), Keep::kAlways, end.held, [self = shared_from_this(), end](const absl::Status& saved) {
        if (!saved.ok())
          return self->EnterEnd(v1::STATE_FAILED, {.reason = StopReason::kError, .held = ParametersHeld::kNone}, saved);
        self->EnterEnd(end.status.ok() ? v1::STATE_SUCCEEDED : v1::STATE_FAILED, end, end.status);
      });
  return Then::kDone;
}

Sliced::Then JobRun::CancelNow() {
  bool queued = false;
  StopReason reason = StopReason::kCancelled;
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
    queued = InState(v1::STATE_QUEUED);
    reason = requested_end_;
  }
  // What a former server left of a run is taken up first, for its model.
  if (queued || (trainer_ == nullptr && !Begin().ok())) {
    EnterEnd(v1::STATE_CANCELLED, {.reason = reason, .held = ParametersHeld::kNone}, absl::OkStatus());
    return Then::kDone;
  }
  log_->Flush();
  AfterSlice(absl::Now());
  Checkpoint checkpoint = trainer_->Snapshot();
  RunEnd end{.reason = reason, .held = ParametersHeld::kLast, .parameters_step = checkpoint.step};
  if (checkpoint.best.has_value()) {
    end.held = ParametersHeld::kBest;
    end.parameters_step = checkpoint.best->step;
  }
  SaveCheckpoint(std::move(checkpoint), Keep::kAlways,
                 [self = shared_from_this(), end](const absl::Status& saved) mutable {
                   if (!saved.ok()) end.held = ParametersHeld::kNone;
                   self->EnterEnd(v1::STATE_CANCELLED, end, absl::OkStatus());
                 });
  return Then::kDone;
}

Sliced::Then JobRun::FailNow(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
  }
  EnterEnd(v1::STATE_FAILED, {.reason = StopReason::kError, .held = ParametersHeld::kNone}, status);
  return Then::kDone;
}

}  // namespace trainyard
