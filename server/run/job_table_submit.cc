// New jobs: from a request, or as the fork of another.

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/sha256.h"
#include "core/base/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/run/first_state.h"
#include "server/run/fork_job.h"
#include "server/run/job_table.h"
#include "server/run/names.h"
#include "server/wire/spec.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

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

absl::StatusOr<v1::Job> JobTable::FormerJob(const StoredJob& former, const std::string& request_digest) {
  if (former.request_digest == request_digest) return Get(former.job.name());
  return WithReason(absl::AlreadyExistsError(absl::StrCat("request_id was used for ", former.job.name(),
                                                          ", which is another job; choose a new id")),
                    "REQUEST_ID_REUSED", {{"job", former.job.name()}});
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
  std::optional<absl::MutexLock> one_at_a_time;
  if (stored.request_id.empty()) {
    stored.request_digest.clear();
  } else {
    one_at_a_time.emplace(&creating_);
    ASSIGN_OR_RETURN(const std::optional<StoredJob> former, services_.catalogue.FindJobByRequest(stored.request_id));
    if (former.has_value()) return FormerJob(*former, stored.request_digest);
  }
  if (asked.has_deadline()) RETURN_IF_ERROR(InField("job", CheckDeadline(asked.deadline(), absl::Now())));
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
  ASSIGN_OR_RETURN(draft.first, TakeFirstState(draft.run.options));
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

absl::StatusOr<std::optional<Checkpoint>> JobTable::TakeFirstState(TrainingOptions& options) {
  if (!options.warm_start.has_value() && options.initial_state == InitialStateOptions()) {
    return std::optional<Checkpoint>();
  }
  ASSIGN_OR_RETURN(const TrainingData data, OpenData(options.data, services_.datasets));
  ASSIGN_OR_RETURN(RunPlan plan, PlanRun(options, data, limits_.spec.memory_bytes));
  ASSIGN_OR_RETURN(std::optional<Checkpoint> first,
                   trainyard::TakeFirstState(plan, data, services_.catalogue, services_.saver));
  options.initial_state = std::move(plan.options.initial_state);
  options.warm_start = std::move(plan.options.warm_start);
  return first;
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
    submitting_.insert(run->name());
    Keep(run);
  }
  CommitQueue::Change insert = services_.catalogue.Insert(stored);
  if (first.has_value()) {
    insert = [insert_job = std::move(insert), insert_first = services_.catalogue.Insert(stored.key, *first)](
                 Connection& connection) mutable -> absl::Status {
      RETURN_IF_ERROR(insert_job(connection));
      return insert_first(connection);
    };
  }
  absl::Notification committed, durable;
  absl::Status submitted, synced;
  services_.log.AppendDurably(
      stored.key, std::move(event), std::move(insert),
      [&](absl::Status told) {
        synced = std::move(told);
        durable.Notify();
      },
      [&](absl::Status told) {
        submitted = std::move(told);
        committed.Notify();
      });
  committed.WaitForNotification();
  if (submitted.ok()) {
    std::move(remove_first).Cancel();
    // The run may begin before the submit is durable: what it logs comes after the submit in the same file.
    absl::MutexLock lock(&mutex_);
    submitting_.erase(run->name());
    Enqueue(run);
    NoteDeadline(*run);
  } else {
    OnEnded(run);
  }
  durable.WaitForNotification();
  RETURN_IF_ERROR(submitted);
  RETURN_IF_ERROR(synced);
  return job;
}
}  // namespace trainyard
