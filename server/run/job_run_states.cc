// The states of a job: requests of users, and how a change gets into the log.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/run/job_run.h"
#include "server/run/job_states.h"
#include "server/wire/run_events.h"
#include "server/wire/status.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

std::string_view Text(StopReason reason) {
  switch (reason) {
    case StopReason::kSteps:
      return "all steps of the budget are done";
    case StopReason::kEpochs:
      return "all epochs of the budget are done";
    case StopReason::kExamples:
      return "all examples of the budget were seen";
    case StopReason::kRunningTime:
      return "the running time of the budget is used";
    case StopReason::kEarlyStop:
      return "early stopping ran out of patience";
    case StopReason::kDivergence:
      return "the loss or its gradient is not finite";
    case StopReason::kCancelled:
      return "ended on request";
    case StopReason::kError:
      return "the run could not go on";
    case StopReason::kTargetMetric:
      return "the target metric of the budget was reached";
    case StopReason::kDeadline:
      return "its deadline has come";
  }
  return "";
}

std::string Sentence(const RunEnd& end, const absl::Status& status) {
  std::string sentence(Text(end.reason));
  if (end.reason == StopReason::kError) absl::StrAppend(&sentence, ": ", status.message());
  switch (end.held) {
    case ParametersHeld::kLast:
      return absl::StrCat(sentence, "; the model holds the last parameters, of step ", end.parameters_step);
    case ParametersHeld::kBest:
      return absl::StrCat(sentence, "; the model holds the best parameters, of step ", end.parameters_step);
    case ParametersHeld::kLastFinite:
      return absl::StrCat(sentence, "; the model holds the last finite parameters, of step ", end.parameters_step);
    case ParametersHeld::kNone:
      return absl::StrCat(sentence, "; there is no model");
  }
  return sentence;
}

absl::Status EndingError(const std::string& name) {
  return WithReason(absl::FailedPreconditionError(absl::StrCat(name, " was told to end and is about to")), "JOB_ENDED");
}

}  // namespace

v1::Job JobRun::Describe() const {
  absl::MutexLock lock(&mutex_);
  v1::Job job = job_;
  if (standing_still_ && InState(v1::STATE_RUNNING)) job.set_state_message(std::string(kStandsStill));
  return job;
}

bool JobRun::IsOverdue(absl::Time now) const {
  absl::MutexLock lock(&mutex_);
  return job_.has_deadline() && FromProto(job_.deadline()) <= now;
}

bool JobRun::HasEnded() const { return IsTerminal(job_.state()); }

absl::Status JobRun::CheckBegun() const {
  if (!InState(v1::STATE_QUEUED)) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(
                        absl::StrCat(name_, " is still queued; it can be cancelled, or paused once it runs")),
                    "JOB_QUEUED");
}

absl::StatusOr<v1::Job> JobRun::Cancel() {
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return EndedError(job_);
  }
  RequestEnd(StopReason::kCancelled);
  return AwaitCancelled();
}

absl::StatusOr<v1::Job> JobRun::CancelUnstarted() {
  EndUnstarted(StopReason::kCancelled);
  return AwaitCancelled();
}

// The first reason counts.
void JobRun::RequestEnd(StopReason reason) {
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return;
    if (!std::exchange(end_requested_, true)) requested_end_ = reason;
    wanted_ = Wanted::kCancel;
  }
  services_.scheduler.Hasten(this);
}

void JobRun::EndUnstarted(StopReason reason) {
  {
    absl::MutexLock lock(&mutex_);
    if (!std::exchange(end_requested_, true)) requested_end_ = reason;
    wanted_ = Wanted::kCancel;
  }
  CancelNow();
}

void JobRun::PauseUnstarted() {
  {
    absl::MutexLock lock(&mutex_);
    if (!InState(v1::STATE_RUNNING)) return;
    wanted_ = Wanted::kPause;
  }
  PauseNow();
}

absl::StatusOr<v1::Job> JobRun::AwaitCancelled() {
  absl::MutexLock lock(&mutex_);
  const auto ended = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return HasEnded() || !end_status_.ok(); };
  mutex_.Await(absl::Condition(&ended));
  RETURN_IF_ERROR(end_status_);
  if (!InState(v1::STATE_CANCELLED)) return EndedError(job_);
  return job_;
}

absl::StatusOr<v1::Job> JobRun::Pause() {
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return EndedError(job_);
    RETURN_IF_ERROR(CheckBegun());
    Wanted run = Wanted::kRun;
    if (!InState(v1::STATE_PAUSED)) wanted_.compare_exchange_strong(run, Wanted::kPause);
  }
  services_.scheduler.Hasten(this);
  v1::Job job;
  {
    absl::MutexLock lock(&mutex_);
    // Another may resume the job before this sees it paused.
    const auto settled = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return HasEnded() || !end_status_.ok() || InState(v1::STATE_PAUSED) || wanted() == Wanted::kRun;
    };
    mutex_.Await(absl::Condition(&settled));
    if (HasEnded()) return EndedError(job_);
    RETURN_IF_ERROR(end_status_);
    job = job_;
  }
  return WhenDurable(std::move(job));
}

// An end that was asked for comes all the same.
absl::StatusOr<v1::Job> JobRun::Resume() {
  bool running = false;
  v1::Job job;
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return EndedError(job_);
    RETURN_IF_ERROR(CheckBegun());
    const auto settled = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return HasEnded() || !end_status_.ok() || InState(v1::STATE_PAUSED) || wanted() != Wanted::kPause;
    };
    mutex_.Await(absl::Condition(&settled));
    if (HasEnded()) return EndedError(job_);
    RETURN_IF_ERROR(end_status_);
    if (wanted() == Wanted::kCancel) return EndingError(name_);
    running = InState(v1::STATE_RUNNING);
    job = running ? job_ : EnterRunning();
  }
  // Another's resumption may still be on its way to the log; so may the end, which whoever reads the log has seen already.
  if (running) {
    RETURN_IF_ERROR(WhenDurable(job).status());
    absl::MutexLock lock(&mutex_);
    if (HasEnded()) return EndedError(job_);
    return job;
  }
  services_.scheduler.Wake(this);
  return WhenDurable(std::move(job));
}

void JobRun::FailUnstarted(const absl::Status& status) { FailNow(status); }

void JobRun::SaveForShutdown(std::function<void()> saved) {
  if (trainer_ == nullptr || log_->replaying()) return saved();
  {
    absl::MutexLock lock(&mutex_);
    if (HasEnded() || leaving_ || InState(v1::STATE_PAUSED)) return saved();
  }
  log_->Flush();
  SaveCheckpoint(trainer_->Snapshot(), Keep::kNewest, [saved = std::move(saved)](const absl::Status&) { saved(); });
}

void JobRun::AwaitSettled() {
  absl::MutexLock lock(&mutex_);
  const auto settled = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !leaving_ || !end_status_.ok(); };
  mutex_.Await(absl::Condition(&settled));
}

void JobRun::CountState(int64_t change) {
  if (!HasEnded()) services_.counters.in_state[job_.state()].Add(change);
}

void JobRun::ReportEnd(const v1::Job& job, const absl::Status& status) const {
  services_.counters.ended[job.state()][job.stop_reason()].Add();
  if (job.state() != v1::STATE_FAILED) return;
  services_.journal.Write(
      Severity::kWarning, "job_failed",
      {{"job", name_}, {"reason", ErrorReason(status)}, {"message", std::string(status.message())}});
}

// A state that is not terminal: visible at once, and in the log in its turn.
v1::Job JobRun::Enter(v1::StateChanged change) {
  change.set_previous(job_.state());
  CountState(-1);
  job_.set_state(change.state());
  CountState(1);
  job_.set_state_message(change.message());
  if (change.state() == v1::STATE_RUNNING && !job_.has_start_time()) {
    *job_.mutable_start_time() = ToProto(absl::Now());
  }
  if (change.state() == v1::STATE_PAUSED) leaving_ = false;
  job_.set_etag(absl::StrCat(++version_));
  v1::Event event;
  event.set_step(job_.progress().step());
  *event.mutable_state_changed() = std::move(change);
  v1::Job job = job_;
  // Under the lock: who sees the state finds the event in the queue.
  job.set_newest_sequence(AppendEvent(std::move(event), services_.catalogue.Update(key_, job), nullptr));
  return job;
}

v1::Job JobRun::EnterRunning() {
  wanted_ = Wanted::kRun;
  v1::StateChanged change;
  change.set_state(v1::STATE_RUNNING);
  change.set_message("training");
  return Enter(std::move(change));
}

absl::Status JobRun::AwaitDurable() {
  return services_.queue.CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); });
}

absl::StatusOr<v1::Job> JobRun::WhenDurable(v1::Job job) {
  RETURN_IF_ERROR(AwaitDurable());
  return job;
}

void JobRun::EnterEnd(v1::State state, const RunEnd& end, const absl::Status& status) {
  v1::StateChanged change;
  change.set_state(state);
  change.set_stop_reason(ToProto(end.reason));
  change.set_parameters_held(ToProto(end.held));
  change.set_parameters_step(end.parameters_step);
  change.set_message(Sentence(end, status));
  if (!status.ok()) *change.mutable_error() = ToProto(status);
  v1::Event event;
  v1::Job job;
  {
    absl::MutexLock lock(&mutex_);
    change.set_previous(job_.state());
    job = job_;
    job.set_etag(absl::StrCat(++version_));
    if (end.held != ParametersHeld::kNone) *job.mutable_latest_evaluations() = model_.evaluations();
  }
  job.set_state(state);
  job.set_state_message(change.message());
  job.set_stop_reason(change.stop_reason());
  job.set_parameters_held(change.parameters_held());
  job.set_parameters_step(change.parameters_step());
  if (change.has_error()) *job.mutable_error() = change.error();
  *job.mutable_end_time() = ToProto(absl::Now());
  event.set_step(job.progress().step());
  *event.mutable_state_changed() = std::move(change);
  event.set_job(name_);
  event.set_attempt(attempt_);
  const auto self = shared_from_this();
  const auto logged = [self](const absl::Status& written) {
    absl::MutexLock lock(&self->mutex_);
    self->end_logged_ = written.ok();
  };
  services_.log.AppendDurably(
      key_, std::move(event), services_.catalogue.Update(key_, job),
      [self, job, status](const absl::Status& written) { self->Leave(job, status, written); }, logged);
}

// What the log did not take has not happened: the next server takes the job up again.
void JobRun::Leave(const v1::Job& job, const absl::Status& status, const absl::Status& written) {
  {
    absl::MutexLock lock(&mutex_);
    end_status_ = written;
    if (!end_logged_) return;
  }
  // Who is told of the end finds it counted.
  ReportEnd(job, status);
  {
    absl::MutexLock lock(&mutex_);
    CountState(-1);
    const int64_t newest = job_.newest_sequence();
    job_ = job;
    job_.set_newest_sequence(newest);
    leaving_ = false;
  }
  told_.ended(shared_from_this());
}

void JobRun::Warn(std::string reason, std::string message) {
  v1::Event event;
  {
    absl::MutexLock lock(&mutex_);
    event.set_step(job_.progress().step());
  }
  event.mutable_warning()->set_reason(std::move(reason));
  event.mutable_warning()->set_message(std::move(message));
  AppendEvent(std::move(event), nullptr, nullptr);
}

int64_t JobRun::AppendEvent(v1::Event event, CommitQueue::Change with, CommitQueue::Told told) {
  event.set_job(name_);
  if (event.attempt() == 0) event.set_attempt(attempt_);
  return services_.log.Append(key_, std::move(event), std::move(with), std::move(told));
}

}  // namespace trainyard
