// What users ask of jobs that there are.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/run/job_states.h"
#include "server/run/job_table.h"
#include "server/run/names.h"
#include "server/run/verify_job.h"

namespace trainyard {
namespace {

constexpr std::string_view kJobFilterFields[] = {"state", "labels", "display_name", "dataset", "create_time"};

// 1 MiB: as long as other commits may have to wait.
constexpr int64_t kPagesReleasedAtOnce = 256;

}  // namespace

std::shared_ptr<JobRun> JobTable::FindRun(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  // A job may be known a moment before its submit is told that it is committed.
  const auto submitted = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !submitting_.contains(name); };
  mutex_.Await(absl::Condition(&submitted));
  const auto found = runs_.find(name);
  return found == runs_.end() ? nullptr : found->second;
}

absl::StatusOr<v1::Job> JobTable::EndedJob(const std::string& name) {
  absl::StatusOr<StoredJob> stored = services_.catalogue.GetJob(name);
  if (absl::IsNotFound(stored.status())) return NoSuch("job", name);
  RETURN_IF_ERROR(stored.status());
  RETURN_IF_ERROR(services_.log.Load(stored->key));
  ASSIGN_OR_RETURN(const LogPage page, services_.log.Read(stored->key, 1, 1));
  stored->job.set_newest_sequence(page.newest);
  return stored->job;
}

absl::StatusOr<v1::Job> JobTable::Get(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) {
    v1::Job job = run->Describe();
    ASSIGN_OR_RETURN(const LogPage page, services_.log.Read(run->key(), 1, 1));
    // The run learns of its end when that is durable; who has seen the terminal event asks the catalogue, which has it already.
    if (page.ended) return EndedJob(name);
    job.set_newest_sequence(page.newest);
    return job;
  }
  return EndedJob(name);
}

absl::StatusOr<v1::ListJobsResponse> JobTable::List(const v1::ListJobsRequest& request) {
  RETURN_IF_ERROR(CheckPageSize(request.page_size()));
  ASSIGN_OR_RETURN(const Filter filter, ParseFilter(request.filter(), kJobFilterFields));
  ASSIGN_OR_RETURN(auto page,
                   services_.catalogue.ListJobs(filter, PageSize(request.page_size()), request.page_token()));
  v1::ListJobsResponse response;
  std::vector<JobKey> keys;
  for (StoredJob& row : page.rows) {
    const std::shared_ptr<JobRun> run = FindRun(row.job.name());
    *response.add_jobs() = run != nullptr && !IsTerminal(row.job.state()) ? run->Describe() : std::move(row.job);
    keys.push_back(row.key);
  }
  ASSIGN_OR_RETURN(const std::vector<int64_t> newest, services_.log.Newest(keys));
  for (size_t i = 0; i < newest.size(); ++i) response.mutable_jobs(static_cast<int>(i))->set_newest_sequence(newest[i]);
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::Job> JobTable::Cancel(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  const std::shared_ptr<JobRun> run = FindRun(name);
  if (run == nullptr) {
    ASSIGN_OR_RETURN(const v1::Job job, EndedJob(name));
    return EndedError(job);
  }
  return TakeFromQueue(*run) ? run->CancelUnstarted() : run->Cancel();
}

bool JobTable::TakeFromQueue(const JobRun& run) {
  absl::MutexLock lock(&mutex_);
  return waiting_.erase({-run.priority(), run.key()}) > 0;
}

bool JobTable::Waits(const JobRun& run) const { return waiting_.contains({-run.priority(), run.key()}); }

absl::Status JobTable::CheckHasWorker(const JobRun& run) {
  absl::MutexLock lock(&mutex_);
  if (!Waits(run)) return absl::OkStatus();
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat(run.name(), " waits for memory; it can go back once it has got some")),
      "JOB_QUEUED");
}

void JobTable::PauseWaiting(JobRun& run) {
  absl::MutexLock lock(&mutex_);
  if (Waits(run)) run.PauseUnstarted();
}

absl::StatusOr<v1::Job> JobTable::Pause(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) {
    PauseWaiting(*run);
    return run->Pause();
  }
  ASSIGN_OR_RETURN(const v1::Job job, EndedJob(name));
  return EndedError(job);
}

absl::StatusOr<v1::Job> JobTable::Resume(const v1::ResumeJobRequest& request) {
  RETURN_IF_ERROR(CheckName("name", request.name(), "jobs"));
  const std::shared_ptr<JobRun> run = FindRun(request.name());
  if (run == nullptr) {
    ASSIGN_OR_RETURN(const v1::Job job, EndedJob(request.name()));
    return EndedError(job);
  }
  if (!request.has_from_step()) return run->Resume();
  if (request.from_step() < 0) return FieldError("from_step", request.from_step(), "at least 0");
  RETURN_IF_ERROR(CheckHasWorker(*run));
  const absl::MutexLock one_at_a_time(&run->changing());
  RETURN_IF_ERROR(run->Rewind(request.from_step(), [this](const v1::JobSpec& spec) { return CheckSpecOf(spec); }));
  return run->Resume();
}

absl::StatusOr<v1::Job> JobTable::Update(const v1::UpdateJobRequest& request) {
  RETURN_IF_ERROR(CheckName("job.name", request.job().name(), "jobs"));
  const std::shared_ptr<JobRun> run = FindRun(request.job().name());
  if (run == nullptr) {
    ASSIGN_OR_RETURN(const v1::Job job, EndedJob(request.job().name()));
    return EndedError(job);
  }
  const absl::MutexLock one_at_a_time(&run->changing());
  ASSIGN_OR_RETURN(const JobUpdate update,
                   PlanUpdate(run->Describe(), request, [this](const v1::JobSpec& spec) { return CheckSpecOf(spec); }));
  if (services_.queue.short_of_room()) return StorageFull(services_.blobs.FreeBytes());
  absl::Status status;
  if (!UpdateWaiting(run, update, status)) status = run->Update(update);
  // What is not durable may be committed all the same.
  absl::MutexLock lock(&mutex_);
  NoteMemory(*run);
  services_.scheduler.SetPriority(run.get(), run->priority());
  NoteDeadline(*run);
  RETURN_IF_ERROR(status);
  return run->Describe();
}

bool JobTable::UpdateWaiting(const std::shared_ptr<JobRun>& run, const JobUpdate& update, absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (waiting_.erase({-run->priority(), run->key()}) == 0) return false;
    status = run->UpdateNow(update);
    waiting_[{-run->priority(), run->key()}] = run;
    AdmitWaiting();
  }
  if (status.ok()) status = run->AwaitDurable();
  return true;
}

absl::StatusOr<v1::VerifyJobResponse> JobTable::Verify(const v1::VerifyJobRequest& request,
                                                       const std::function<bool()>& cancelled) {
  ASSIGN_OR_RETURN(const v1::Job job, Get(request.name()));
  ASSIGN_OR_RETURN(const JobKey key, FindKey(request.name(), "name"));
  VerifyOptions options;
  if (request.has_from_step()) options.from_step = request.from_step();
  if (request.has_step_count()) options.step_count = request.step_count();
  if (!verifying_.TryLock()) {
    return WithReason(absl::ResourceExhaustedError("another verification is under way; try again when it has ended"),
                      "VERIFYING");
  }
  absl::StatusOr<v1::VerifyJobResponse> response = VerifyJob(job, key, options, services_, limits_.spec, cancelled);
  verifying_.Unlock();
  return response;
}

absl::Status JobTable::Delete(const v1::DeleteJobRequest& request) {
  ASSIGN_OR_RETURN(const v1::Job job, Get(request.name()));
  if (!IsTerminal(job.state())) {
    return WithReason(absl::FailedPreconditionError(absl::StrCat(request.name(), " has not ended; cancel it first")),
                      "JOB_ACTIVE");
  }
  RETURN_IF_ERROR(CheckEtag(request.etag(), job.etag()));
  ASSIGN_OR_RETURN(const JobKey key, FindKey(request.name(), "name"));
  RETURN_IF_ERROR(services_.queue.CommitDurablyAndWait(services_.catalogue.MarkDeleted(key)));
  RemoveInBackground(key);
  return absl::OkStatus();
}

void JobTable::RemoveInBackground(JobKey key) {
  background_.Submit([this, key] {
    // Of who still reads them none finds a row without its file.
    const auto checkpoints = services_.catalogue.Checkpoints(key);
    if (!checkpoints.ok()) return;
    if (!services_.queue.CommitDurablyAndWait(services_.catalogue.RemoveCheckpoints(key)).ok()) return;
    for (const StoredCheckpoint& checkpoint : *checkpoints) services_.saver.RemoveFile(checkpoint).IgnoreError();
    const auto remove = [&](Connection& connection) { return services_.catalogue.RemoveSomeOf(connection, key); };
    if (!services_.queue.CommitInPortions(remove).ok()) return;
    services_.log.Forget(key);
    const auto release = [](Connection& connection) { return connection.ReleaseFreePages(kPagesReleasedAtOnce); };
    services_.queue.CommitInPortions(release).IgnoreError();  // what is left goes with the next job
  });
}

absl::StatusOr<JobKey> JobTable::FindKey(const std::string& name, std::string_view field) {
  RETURN_IF_ERROR(CheckName(field, name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) return run->key();
  absl::StatusOr<StoredJob> stored = services_.catalogue.GetJob(name);
  if (absl::IsNotFound(stored.status())) return NoSuch("job", name);
  RETURN_IF_ERROR(stored.status());
  RETURN_IF_ERROR(services_.log.Load(stored->key));
  return stored->key;
}

absl::StatusOr<std::vector<StoredJob>> JobTable::Matching(const Filter& filter) {
  std::vector<StoredJob> jobs;
  std::string token;
  do {
    ASSIGN_OR_RETURN(auto page, services_.catalogue.ListJobs(filter, 1000, token));
    for (StoredJob& job : page.rows) jobs.push_back(std::move(job));
    token = page.next_page_token;
  } while (!token.empty());
  return jobs;
}

JobTable::Counts JobTable::Count() {
  absl::MutexLock lock(&mutex_);
  const int waiting = static_cast<int>(waiting_.size());
  return {.active = static_cast<int>(runs_.size()) - waiting, .queued = waiting, .memory_bytes = memory_in_use_};
}
}  // namespace trainyard
