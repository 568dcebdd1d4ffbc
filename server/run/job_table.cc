#include "server/run/job_table.h"

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/run/check_spec.h"
#include "server/run/fork_job.h"
#include "server/run/job_states.h"
#include "server/run/names.h"
#include "server/run/verify_job.h"
#include "server/run/warm_start.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

constexpr std::string_view kFilterFields[] = {"state", "labels", "display_name", "dataset", "create_time"};

// Admitted runs of a priority or a higher one whom no worker had yet: so many that no worker waits for one, and so few that they do not take
// the memory of a higher priority that comes later.
constexpr int kUnbegunRunsAWorker = 2;

// 1 MiB: as long as other commits may have to wait.
constexpr int64_t kPagesReleasedAtOnce = 256;

// As it stands in the catalogue from now on.
v1::Job NewJob(const v1::Job& asked, const TrainingOptions& options, int64_t first_step) {
  v1::Job job;
  const std::string id = NewId();
  job.set_name(absl::StrCat("jobs/", id));
  job.set_display_name(asked.display_name());
  *job.mutable_labels() = asked.labels();
  *job.mutable_spec() = ToProto(options);
  job.set_priority(asked.priority());
  if (asked.has_deadline()) *job.mutable_deadline() = asked.deadline();
  job.set_state(v1::STATE_QUEUED);
  job.set_state_message("waits for a worker");
  job.set_attempt(1);
  job.add_attempts()->set_attempt(1);
  job.mutable_attempts(0)->set_first_step(first_step);
  job.mutable_progress()->set_step(first_step);
  job.set_model(absl::StrCat("models/", id));
  *job.mutable_create_time() = ToProto(absl::Now());
  job.set_etag("1");
  return job;
}

// Equal for equal jobs: otherwise the entries of a map are serialised in any order.
std::string DigestOf(const google::protobuf::Message& asked) {
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
    : limits_(limits),
      services_(services),
      background_(background),
      deadlines_([this](const std::string& name) { EndAtDeadline(name); }) {}

absl::StatusOr<v1::Job> JobTable::FormerJob(const StoredJob& former, const std::string& request_digest) {
  if (former.request_digest == request_digest) return Get(former.job.name());
  return WithReason(absl::AlreadyExistsError(absl::StrCat("request_id was used for ", former.job.name(),
                                                          ", which is another job; choose a new id")),
                    "REQUEST_ID_REUSED", {{"job", former.job.name()}});
}

absl::StatusOr<CheckedRun> JobTable::CheckSpecOf(const v1::JobSpec& spec) {
  return CheckSpec(spec, limits_.spec, services_.datasets);
}

absl::StatusOr<v1::Job> JobTable::Create(const v1::CreateJobRequest& request, const Caller& caller) {
  return Submit(request.job(), request.job().spec(),
                {.request_id = request.request_id(), .request_digest = DigestOf(request.job())}, caller,
                [&] { return DraftOf(request.job()); });
}

absl::StatusOr<v1::Job> JobTable::Fork(const v1::ForkJobRequest& request, const Caller& caller) {
  ASSIGN_OR_RETURN(const v1::Job source, Get(request.name()));
  v1::ForkJobRequest asked = request;
  asked.clear_request_id();
  return Submit(request.job(), source.spec(), {.request_id = request.request_id(), .request_digest = DigestOf(asked)},
                caller, [&] { return DraftFork(source, request); });
}

absl::StatusOr<v1::Job> JobTable::Submit(const v1::Job& asked, const v1::JobSpec& spec, StoredJob stored,
                                         const Caller& caller, MakeDraft make_draft) {
  RETURN_IF_ERROR(CheckRequestId(stored.request_id));
  RETURN_IF_ERROR(InField("job", CheckDisplayName(asked.display_name())));
  RETURN_IF_ERROR(InField("job", CheckLabels(asked.labels())));
  RETURN_IF_ERROR(InField("job", CheckPriority(asked.priority())));
  if (asked.has_deadline()) RETURN_IF_ERROR(InField("job", CheckDeadline(asked.deadline(), absl::Now())));
  std::optional<absl::MutexLock> one_at_a_time;
  if (stored.request_id.empty()) {
    stored.request_digest.clear();
  } else {
    one_at_a_time.emplace(&creating_);
    ASSIGN_OR_RETURN(const std::optional<StoredJob> former, services_.catalogue.FindJobByRequest(stored.request_id));
    if (former.has_value()) return FormerJob(*former, stored.request_digest);
  }
  if (services_.blobs.ShortOfRoom() || services_.queue.short_of_room()) {
    return StorageFull(services_.blobs.FreeBytes());
  }
  ASSIGN_OR_RETURN(const TrainingOptions named, FromProto(spec));
  const DatasetTable::Pin pin(services_.datasets, DatasetsOf(named.data));
  ASSIGN_OR_RETURN(Draft draft, make_draft());
  stored.key = services_.catalogue.NextJobKey();
  stored.owner = caller.name;
  return Insert(std::move(stored), std::move(draft), caller);
}

absl::StatusOr<JobTable::Draft> JobTable::DraftOf(const v1::Job& asked) {
  const SpecCheck check = [this](const v1::JobSpec& spec) { return CheckSpecOf(spec); };
  Draft draft;
  ASSIGN_OR_RETURN(draft.run, check(asked.spec()));
  if (draft.run.options.warm_start.has_value()) {
    ASSIGN_OR_RETURN(draft.first, WarmState(draft.run.options));
  }
  draft.job = NewJob(asked, draft.run.options, 0);
  *draft.job.mutable_changes() = asked.changes();
  absl::StatusOr<PlannedChanges> planned = PlanChanges(draft.job, check);
  if (!planned.ok()) return InField("job", planned.status());
  *draft.job.mutable_changes() = {planned->changes.begin(), planned->changes.end()};
  NoteCurrentSpec(draft.job);
  draft.changes = std::move(planned->options);
  draft.run.memory_bytes = std::max(draft.run.memory_bytes, planned->memory_bytes);
  return draft;
}

absl::StatusOr<JobTable::Draft> JobTable::DraftFork(const v1::Job& source, const v1::ForkJobRequest& request) {
  ASSIGN_OR_RETURN(const JobKey key, FindKey(source.name(), "name"));
  ASSIGN_OR_RETURN(trainyard::Fork fork, MakeFork(source, key, request, services_,
                                                  [this](const v1::JobSpec& spec) { return CheckSpecOf(spec); }));
  Draft draft{.run = std::move(fork.run), .changes = {}, .first = std::move(fork.first), .job = {}};
  draft.job = NewJob(request.job(), draft.run.options, fork.source.step());
  *draft.job.mutable_forked_from() = std::move(fork.source);
  return draft;
}

absl::StatusOr<Checkpoint> JobTable::WarmState(TrainingOptions& options) {
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(options.data, services_.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(options, data, limits_.spec.memory_bytes));
  ASSIGN_OR_RETURN(const WarmStart warm_start, ReadWarmStart(plan, services_.catalogue, services_.saver));
  options.warm_start->parameters_digest = warm_start.parameters_digest;
  return FirstState(std::move(plan), data, warm_start);
}

absl::StatusOr<v1::Job> JobTable::Insert(StoredJob stored, Draft draft, const Caller& caller) {
  std::optional<StoredCheckpoint> first;
  if (draft.first.has_value()) {
    ASSIGN_OR_RETURN(SavedCheckpoint saved, services_.saver.SaveFirst(stored.key, *draft.first, 1, 0));
    first = std::move(saved.stored);
  }
  absl::Cleanup remove_first = [&] {
    if (first.has_value()) services_.saver.RemoveFile(*first).IgnoreError();
  };
  RETURN_IF_ERROR(services_.log.Load(stored.key));
  stored.job = std::move(draft.job);
  const v1::Job job = stored.job;
  v1::Event event;
  event.set_job(job.name());
  event.set_attempt(1);
  event.mutable_state_changed()->set_state(v1::STATE_QUEUED);
  event.mutable_state_changed()->set_message(job.state_message());
  const std::shared_ptr<JobRun> run = MakeRun(stored, std::move(draft.run), std::move(draft.changes));
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
  std::move(remove_first).Cancel();
  NoteDeadline(job);
  return job;
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

void JobTable::NoteDeadline(const v1::Job& job) {
  if (job.has_deadline()) {
    deadlines_.Set(job.name(), FromProto(job.deadline()));
  } else {
    deadlines_.Clear(job.name());
  }
}

void JobTable::OnEnded(const std::shared_ptr<JobRun>& run) {
  deadlines_.Clear(run->name());
  absl::MutexLock lock(&mutex_);
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
    }
    NoteDeadline(stored.job);
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
  return TakeFromQueue(*run) ? run->CancelUnstarted() : run->Cancel();
}

bool JobTable::TakeFromQueue(const JobRun& run) {
  absl::MutexLock lock(&mutex_);
  return waiting_.erase({-run.priority(), run.key()}) > 0;
}

void JobTable::EndAtDeadline(const std::string& name) {
  const std::shared_ptr<JobRun> run = FindRun(name);
  if (run == nullptr) return;
  if (TakeFromQueue(*run)) {
    run->EndUnstarted(StopReason::kDeadline);
  } else {
    run->RequestEnd(StopReason::kDeadline);
  }
}

absl::StatusOr<v1::Job> JobTable::Pause(const std::string& name) {
  RETURN_IF_ERROR(CheckName("name", name, "jobs"));
  if (const std::shared_ptr<JobRun> run = FindRun(name)) return run->Pause();
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
  RETURN_IF_ERROR(status);
  absl::MutexLock lock(&mutex_);
  NoteMemory(*run);
  services_.scheduler.SetPriority(run.get(), run->priority());
  const v1::Job job = run->Describe();
  NoteDeadline(job);
  return job;
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
