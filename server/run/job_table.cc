#include "server/run/job_table.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

// Admitted runs of a priority or a higher one whom no worker had yet: so many that no worker waits for one, and so few that they do not take
// the memory of a higher priority that comes later.
constexpr int kUnbegunRunsAWorker = 2;

}  // namespace

JobTable::JobTable(const JobLimits& limits, const RunServices& services, WorkerPool& background)
    : limits_(limits),
      services_(services),
      background_(background),
      deadlines_([this](const std::string& name) { EndAtDeadline(name); }) {}
absl::StatusOr<CheckedRun> JobTable::CheckSpecOf(const v1::JobSpec& spec) {
  return CheckSpec(spec, limits_.spec, services_.datasets);
}

std::shared_ptr<JobRun> JobTable::MakeRun(StoredJob stored, CheckedRun run, std::vector<OptionsChange> changes) {
  return std::make_shared<JobRun>(
      services_, std::move(stored), std::move(run), std::move(changes),
      JobRun::Told{.begun = [this](const JobRun& begun) { OnBegun(begun); },
                   .ended = [this](const std::shared_ptr<JobRun>& ended) { OnEnded(ended); }});
}

void JobTable::Keep(std::shared_ptr<JobRun> run) {
  ++runs_of_[run->owner()];
  runs_[run->name()] = std::move(run);
}

void JobTable::Enqueue(std::shared_ptr<JobRun> run) {
  waiting_[{-run->priority(), run->key()}] = std::move(run);
  AdmitWaiting();
}

void JobTable::AdmitWaiting() {
  while (!waiting_.empty()) {
    const std::shared_ptr<JobRun> next = waiting_.begin()->second;
    if (!MayAdmit(*next)) return;
    waiting_.erase(waiting_.begin());
    admitted_[next.get()] = next->memory_bytes();
    unbegun_.insert(next.get());
    memory_in_use_ += next->memory_bytes();
    services_.scheduler.Add(next, next->priority());
  }
}

bool JobTable::MayAdmit(const JobRun& run) const {
  const auto before = std::count_if(unbegun_.begin(), unbegun_.end(),
                                    [&run](const JobRun* other) { return other->priority() >= run.priority(); });
  if (before >= int64_t{kUnbegunRunsAWorker} * services_.scheduler.worker_count()) return false;
  return admitted_.empty() || memory_in_use_ + run.memory_bytes() <= limits_.spec.memory_bytes;
}

void JobTable::OnBegun(const JobRun& run) {
  absl::MutexLock lock(&mutex_);
  unbegun_.erase(&run);
  AdmitWaiting();
}

void JobTable::EndAtDeadline(const std::string& name) {
  const std::shared_ptr<JobRun> run = FindRun(name);
  if (run == nullptr) return;
  if (!run->IsOverdue(absl::Now())) {
    // It was put off, and whoever asked for that has not been answered yet.
    absl::MutexLock lock(&mutex_);
    return NoteDeadline(*run);
  }
  if (TakeFromQueue(*run)) {
    run->EndUnstarted(StopReason::kDeadline);
  } else {
    run->RequestEnd(StopReason::kDeadline);
  }
}

void JobTable::NoteDeadline(const JobRun& run) {
  if (!runs_.contains(run.name())) return;
  const v1::Job job = run.Describe();
  if (job.has_deadline()) {
    deadlines_.Set(job.name(), FromProto(job.deadline()));
  } else {
    deadlines_.Clear(job.name());
  }
}

void JobTable::OnEnded(const std::shared_ptr<JobRun>& run) {
  absl::MutexLock lock(&mutex_);
  submitting_.erase(run->name());
  deadlines_.Clear(run->name());
  if (runs_.erase(run->name()) > 0 && --runs_of_[run->owner()] == 0) runs_of_.erase(run->owner());
  if (const auto found = admitted_.find(run.get()); found != admitted_.end()) {
    memory_in_use_ -= found->second;
    admitted_.erase(found);
  }
  AdmitWaiting();
}

// Other options may take more.
void JobTable::NoteMemory(const JobRun& run) {
  const auto found = admitted_.find(&run);
  if (found == admitted_.end()) return;
  memory_in_use_ += run.memory_bytes() - std::exchange(found->second, run.memory_bytes());
}

absl::Status JobTable::Recover() {
  ASSIGN_OR_RETURN(const std::vector<StoredJob> unfinished, services_.catalogue.UnfinishedJobs());
  if (!unfinished.empty()) {
    services_.journal.Write(Severity::kInfo, "jobs_taken_up", {{"count", static_cast<int64_t>(unfinished.size())}});
  }
  for (StoredJob stored : unfinished) {
    RETURN_IF_ERROR(services_.log.Load(stored.key));
    // The row is as old as the newest change of state or checkpoint; the log knows better.
    ASSIGN_OR_RETURN(const int64_t steps, LoggedSteps(services_.log, stored.key, stored.job.attempt()));
    stored.job.mutable_progress()->set_step(std::max(stored.job.progress().step(), steps));
    absl::StatusOr<CheckedRun> checked = CheckSpecOf(stored.job.spec());
    absl::StatusOr<PlannedChanges> changes =
        PlanChanges(stored.job, [this](const v1::JobSpec& spec) { return CheckSpecOf(spec); });
    if (!checked.ok() || !changes.ok()) {
      MakeRun(stored, CheckedRun(), {})->FailUnstarted(checked.ok() ? changes.status() : checked.status());
      continue;
    }
    checked->memory_bytes = std::max(checked->memory_bytes, changes->memory_bytes);
    const std::shared_ptr<JobRun> run = MakeRun(stored, *std::move(checked), std::move(changes->options));
    {
      absl::MutexLock lock(&mutex_);
      Keep(run);
      Enqueue(run);
      NoteDeadline(*run);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<JobKey> deleted, services_.catalogue.DeletedJobs());
  for (const JobKey key : deleted) RemoveInBackground(key);
  return absl::OkStatus();
}

void JobTable::SaveForShutdown() {
  deadlines_.Stop();
  std::vector<std::shared_ptr<JobRun>> runs;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, run] : runs_) runs.push_back(run);
  }
  absl::BlockingCounter left(static_cast<int>(runs.size()));
  for (const std::shared_ptr<JobRun>& run : runs) run->SaveForShutdown([&left] { left.DecrementCount(); });
  left.Wait();
  // A run that was about to end tells this table of it.
  for (const std::shared_ptr<JobRun>& run : runs) run->AwaitSettled();
}
}  // namespace trainyard
