#include "server/run/job_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/run/check_spec.h"
#include "server/run/job_states.h"
#include "server/run/names.h"
#include "server/run/verify_job.h"
#include "server/run/warm_start.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr std::string_view kFilterFields[] = {"state", "labels", "display_name", "dataset", "create_time"};
constexpr int64_t kMaxPriority = 1000;

// 1 MiB: as long as other commits may have to wait.
constexpr int64_t kPagesReleasedAtOnce = 256;

// As it stands in the catalogue from now on.
v1::Job NewJob(const v1::Job& asked, const TrainingOptions& options) {
  v1::Job job;
  const std::string id = NewId();
  job.set_name(absl::StrCat("jobs/", id));
  job.set_display_name(asked.display_name());
  *job.mutable_labels() = asked.labels();
  *job.mutable_spec() = ToProto(options);
  job.set_priority(asked.priority());
  job.set_state(v1::STATE_QUEUED);
  job.set_state_message("waits for a worker");
  job.set_attempt(1);
  job.set_model(absl::StrCat("models/", id));
  *job.mutable_create_time() = ToProto(absl::Now());
  job.set_etag("1");
  return job;
}

// Equal for equal jobs: otherwise the entries of a map are serialised in any order.
std::string DigestOf(const v1::Job& asked) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    asked.SerializeToCodedStream(&coded);
  }
  return Sha256Of(bytes);
}

// The data sets that a spec names.
std::vector<std::string> DatasetsOf(const TrainingDataOptions& data) {
  std::vector<std::string> names = {data.dataset};
  if (const auto* name = std::get_if<std::string>(&data.validation)) names.push_back(*name);
  if (const auto* name = std::get_if<std::string>(&data.test)) names.push_back(*name);
  return names;
}

}  // namespace

JobTable::JobTable(const JobLimits& limits, const RunServices& services, WorkerPool& background)
    : limits_(limits), services_(services), background_(background) {}

absl::StatusOr<v1::Job> JobTable::FormerJob(const StoredJob& former, const std::string& request_digest) {
  if (former.request_digest == request_digest) return Get(former.job.name());
  return WithReason(absl::AlreadyExistsError(absl::StrCat("request_id was used for ", former.job.name(),
                                                          ", which is another job; choose a new id")),
                    "REQUEST_ID_REUSED", {{"job", former.job.name()}});
}

absl::StatusOr<v1::Job> JobTable::Create(const v1::CreateJobRequest& request, const Caller& caller) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(InField("job", CheckDisplayName(request.job().display_name())));
  RETURN_IF_ERROR(InField("job", CheckLabels(request.job().labels())));
  if (std::abs(int64_t{request.job().priority()}) > kMaxPriority) {
    return FieldError("job.priority", int64_t{request.job().priority()}, "in -1000..1000");
  }
  StoredJob stored;
  std::optional<absl::MutexLock> one_at_a_time;
  if (!request.request_id().empty()) {
    one_at_a_time.emplace(&creating_);
    stored.request_id = request.request_id();
    stored.request_digest = DigestOf(request.job());
    ASSIGN_OR_RETURN(const std::optional<StoredJob> former, services_.catalogue.FindJobByRequest(request.request_id()));
    if (former.has_value()) return FormerJob(*former, stored.request_digest);
  }
  if (services_.blobs.ShortOfRoom() || services_.queue.short_of_room()) {
    return StorageFull(services_.blobs.FreeBytes());
  }
  ASSIGN_OR_RETURN(const TrainingOptions named, FromProto(request.job().spec()));
  const DatasetTable::Pin pin(services_.datasets, DatasetsOf(named.data));
  ASSIGN_OR_RETURN(CheckedRun checked, CheckSpec(request.job().spec(), limits_.spec, services_.datasets));
  stored.key = services_.catalogue.NextJobKey();
  std::optional<StoredCheckpoint> first;
  if (checked.options.warm_start.has_value()) {
    ASSIGN_OR_RETURN(first, SaveWarmStart(stored.key, checked.options));
  }
  stored.job = NewJob(request.job(), checked.options);
  stored.owner = caller.name;
  absl::StatusOr<v1::Job> job = Insert(std::move(stored), std::move(checked), first, caller);
  if (!job.ok() && first.has_value()) services_.saver.RemoveFile(*first).IgnoreError();
  return job;
}

absl::StatusOr<StoredCheckpoint> JobTable::SaveWarmStart(JobKey key, TrainingOptions& options) {
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(options.data, services_.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(options, data, limits_.spec.memory_bytes));
  ASSIGN_OR_RETURN(const WarmStart warm_start, ReadWarmStart(plan, services_.catalogue, services_.saver));
  options.warm_start->parameters_digest = warm_start.parameters_digest;
  ASSIGN_OR_RETURN(const Checkpoint first, FirstState(std::move(plan), data, warm_start));
  return services_.saver.SaveFirst(key, first);
}

absl::StatusOr<v1::Job> JobTable::Insert(StoredJob stored, CheckedRun checked, std::optional<StoredCheckpoint> first,
                                         const Caller& caller) {
  RETURN_IF_ERROR(services_.log.Load(stored.key));
  const v1::Job job = stored.job;
  v1::Event event;
  event.set_job(job.name());
  event.set_attempt(1);
  event.mutable_state_changed()->set_state(v1::STATE_QUEUED);
  event.mutable_state_changed()->set_message(job.state_message());
  const std::shared_ptr<JobRun> run = MakeRun(stored, std::move(checked.options), checked.memory_bytes);
  {
    absl::MutexLock lock(&mutex_);
    if (static_cast<int>(waiting_.size()) >= limits_.queued_jobs) {
      return WithReason(
          absl::ResourceExhaustedError(absl::StrCat(waiting_.size(), " jobs wait already; try again later")),
          "QUEUE_FULL");
    }
    const auto found = runs_of_.find(caller.name);
    const int64_t used = found == runs_of_.end() ? 0 : found->second;
    RETURN_IF_ERROR(CheckQuota(caller, "jobs", caller.quotas.jobs, used, 1, "jobs that have not ended",
                               "cancel one, or wait until one ends"));
    Keep(run);
  }
  // The run may begin before the submit is durable: what it logs comes after the submit in the same file.
  absl::Notification durable;
  absl::Status status;
  CommitQueue::Change insert = services_.catalogue.Insert(stored);
  if (first.has_value()) {
    insert = [insert_job = std::move(insert), insert_first = services_.catalogue.Insert(stored.key, *first)](
                 Connection& connection) mutable -> absl::Status {
      RETURN_IF_ERROR(insert_job(connection));
      return insert_first(connection);
    };
  }
  services_.log.AppendDurably(stored.key, std::move(event), std::move(insert), [&durable, &status](absl::Status told) {
    status = std::move(told);
    durable.Notify();
  });
  // A warm start is read from the catalogue.
  if (first.has_value()) durable.WaitForNotification();
  {
    absl::MutexLock lock(&mutex_);
    Enqueue(run);
  }
  durable.WaitForNotification();
  RETURN_IF_ERROR(status);
  return job;
}

std::shared_ptr<JobRun> JobTable::MakeRun(StoredJob stored, TrainingOptions options, int64_t memory_bytes) {
  return std::make_shared<JobRun>(services_, std::move(stored), std::move(options), memory_bytes,
                                  [this](const std::shared_ptr<JobRun>& run) { OnEnded(run); });
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
    if (!admitted_.empty() && memory_in_use_ + next->memory_bytes() > limits_.spec.memory_bytes) return;
    waiting_.erase(waiting_.begin());
    admitted_.insert(next.get());
    memory_in_use_ += next->memory_bytes();
    services_.scheduler.Add(next, next->priority());
  }
}

void JobTable::OnEnded(const std::shared_ptr<JobRun>& run) {
  absl::MutexLock lock(&mutex_);
  if (runs_.erase(run->name()) > 0 && --runs_of_[run->owner()] == 0) runs_of_.erase(run->owner());
  if (admitted_.erase(run.get()) > 0) memory_in_use_ -= run->memory_bytes();
  AdmitWaiting();
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
    absl::StatusOr<CheckedRun> checked = CheckSpec(stored.job.spec(), limits_.spec, services_.datasets);
    if (!checked.ok()) {
      MakeRun(stored, TrainingOptions(), 0)->FailUnstarted(checked.status());
      continue;
    }
    const std::shared_ptr<JobRun> run = MakeRun(stored, std::move(checked->options), checked->memory_bytes);
    absl::MutexLock lock(&mutex_);
    Keep(run);
    Enqueue(run);
  }
  ASSIGN_OR_RETURN(const std::vector<JobKey> deleted, services_.catalogue.DeletedJobs());
  for (const JobKey key : deleted) RemoveInBackground(key);
  return absl::OkStatus();
}

void JobTable::SaveForShutdown() {
  std::vector<std::shared_ptr<JobRun>> runs;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [name, run] : runs_) runs.push_back(run);
  }
  absl::BlockingCounter left(static_cast<int>(runs.size()));
  for (const std::shared_ptr<JobRun>& run : runs) run->SaveForShutdown([&left] { left.DecrementCount(); });
  left.Wait();
}

std::shared_ptr<JobRun> JobTable::FindRun(const std::string& name) {
  absl::MutexLock lock(&mutex_);
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
  ASSIGN_OR_RETURN(const Filter filter, ParseFilter(request.filter(), kFilterFields));
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
  bool waiting = false;
  {
    absl::MutexLock lock(&mutex_);
    waiting = waiting_.erase({-run->priority(), run->key()}) > 0;
  }
  return waiting ? run->CancelUnstarted() : run->Cancel();
}

absl::StatusOr<v1::Job> JobTable::Pause(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) return run->Pause();
  ASSIGN_OR_RETURN(const v1::Job job, EndedJob(name));
  return EndedError(job);
}

absl::StatusOr<v1::Job> JobTable::Resume(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) return run->Resume();
  ASSIGN_OR_RETURN(const v1::Job job, EndedJob(name));
  return EndedError(job);
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
    if (const auto checkpoints = services_.catalogue.Checkpoints(key); checkpoints.ok()) {
      for (const StoredCheckpoint& checkpoint : *checkpoints) services_.saver.RemoveFile(checkpoint).IgnoreError();
    }
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
