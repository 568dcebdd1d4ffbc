// All jobs: those that have not ended as runs, those that have as rows of the catalogue.
//
// A job that does not fit into memory beside those that run waits, and so does one that has enough before it whom no worker had yet; of
// those that wait the highest priority goes first, then the oldest.

#ifndef TRAINYARD_SERVER_RUN_JOB_TABLE_H_
#define TRAINYARD_SERVER_RUN_JOB_TABLE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "core/base/worker_pool.h"
#include "server/run/caller.h"
#include "server/run/check_spec.h"
#include "server/run/deadlines.h"
#include "server/run/job_run.h"
#include "server/run/update_job.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

struct JobLimits {
  SpecLimits spec;
  int queued_jobs = 100'000;
};

// Thread-safe. Every method may touch the disk: never on a gRPC thread. Errors are those of JobService.
class JobTable {
 public:
  // `services` and `background`, which removes what was deleted, must outlive this.
  JobTable(const JobLimits& limits, const RunServices& services, WorkerPool& background);

  // Takes up the jobs that a former server left.
  absl::Status Recover();

  // Saves all runs and gives them back to the next server. The scheduler must have stopped. Those that were about to end are in the log then,
  // and this is told of them once all that is queued is durable.
  void SaveForShutdown();

  absl::StatusOr<v1::Job> Create(const v1::CreateJobRequest& request, const Caller& caller);
  absl::StatusOr<v1::Job> Get(const std::string& name);
  absl::StatusOr<v1::ListJobsResponse> List(const v1::ListJobsRequest& request);
  absl::StatusOr<v1::Job> Cancel(const std::string& name);
  absl::StatusOr<v1::Job> Pause(const std::string& name);
  absl::StatusOr<v1::Job> Resume(const v1::ResumeJobRequest& request);
  absl::StatusOr<v1::Job> Update(const v1::UpdateJobRequest& request);
  absl::StatusOr<v1::Job> Fork(const v1::ForkJobRequest& request, const Caller& caller);
  absl::StatusOr<v1::VerifyJobResponse> Verify(const v1::VerifyJobRequest& request,
                                               const std::function<bool()>& cancelled);
  absl::Status Delete(const v1::DeleteJobRequest& request);

  // The job's key in the log, loaded there.
  absl::StatusOr<JobKey> FindKey(const std::string& name, std::string_view field);

  // Jobs that match, for a watch over many; with the state of the moment.
  absl::StatusOr<std::vector<StoredJob>> Matching(const Filter& filter);

  struct Counts {
    int active = 0;
    int queued = 0;
    int64_t memory_bytes = 0;  // of those that run
  };
  Counts Count();

 private:
  // Highest priority first, then the oldest.
  using Place = std::pair<int, JobKey>;

  // New jobs (job_table_submit.cc). A draft is a job that is to be.
  struct Draft {
    CheckedRun run;
    std::vector<OptionsChange> changes;
    std::optional<Checkpoint> first;  // the state that it begins with, where that is not drawn
    v1::Job job;
  };
  using MakeDraft = absl::FunctionRef<absl::StatusOr<Draft>()>;

  // `spec` names the data sets that must stay meanwhile.
  absl::StatusOr<v1::Job> Submit(const v1::Job& asked, const v1::JobSpec& spec, StoredJob stored, const Caller& caller,
                                 MakeDraft make_draft);
  absl::StatusOr<Draft> DraftOf(const v1::Job& asked);
  absl::StatusOr<Draft> DraftFork(const v1::Job& source, const v1::ForkJobRequest& request);
  absl::StatusOr<v1::Job> Insert(StoredJob stored, Draft draft, const Caller& caller);

  // What the run takes over from another, after which the options hold its digest. The rows are read for it.
  absl::StatusOr<std::optional<Checkpoint>> TakeFirstState(TrainingOptions& options);
  absl::StatusOr<v1::Job> FormerJob(const StoredJob& former, const std::string& request_digest);

  // Requests (job_table_requests.cc).
  std::shared_ptr<JobRun> FindRun(const std::string& name);
  absl::StatusOr<v1::Job> EndedJob(const std::string& name);
  void RemoveInBackground(JobKey key);

  // Whether the run waited, and has no worker now; whether it waits, and is updated.
  bool TakeFromQueue(const JobRun& run);
  bool Waits(const JobRun& run) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckHasWorker(const JobRun& run);
  void PauseWaiting(JobRun& run);
  bool UpdateWaiting(const std::shared_ptr<JobRun>& run, const JobUpdate& update, absl::Status& status);

  // The runs, from first to last (job_table.cc).
  absl::StatusOr<CheckedRun> CheckSpecOf(const v1::JobSpec& spec);
  std::shared_ptr<JobRun> MakeRun(StoredJob stored, CheckedRun run, std::vector<OptionsChange> changes);
  void Keep(std::shared_ptr<JobRun> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enqueue(std::shared_ptr<JobRun> run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AdmitWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayAdmit(const JobRun& run) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void OnBegun(const JobRun& run);
  void OnEnded(const std::shared_ptr<JobRun>& run);
  void NoteMemory(const JobRun& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndAtDeadline(const std::string& name);
  void NoteDeadline(const JobRun& run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const JobLimits limits_;
  const RunServices services_;
  WorkerPool& background_;

  absl::Mutex mutex_;
  std::map<std::string, std::shared_ptr<JobRun>> runs_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> submitting_ ABSL_GUARDED_BY(mutex_);        // runs that have no place to wait at yet
  std::map<std::string, int64_t> runs_of_ ABSL_GUARDED_BY(mutex_);  // by owner
  std::map<Place, std::shared_ptr<JobRun>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<const JobRun*, int64_t> admitted_ ABSL_GUARDED_BY(mutex_);  // the memory that each may take
  std::set<const JobRun*> unbegun_ ABSL_GUARDED_BY(mutex_);            // of these, those that no worker had yet
  int64_t memory_in_use_ ABSL_GUARDED_BY(mutex_) = 0;

  // Only one creation with a request id at a time, so that equal ids meet.
  absl::Mutex creating_;

  Deadlines deadlines_;

  // Held while a job is verified: it computes as much as a job does.
  absl::Mutex verifying_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_JOB_TABLE_H_
