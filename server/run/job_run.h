// One job that has not ended: its state machine, and its run on the scheduler's workers.
//
//   QUEUED -> RUNNING; RUNNING <-> PAUSED; RUNNING -> SUCCEEDED or FAILED; any -> CANCELLED
//
// Every change of state is an event of the job's log, committed together with the job's row. A terminal state becomes visible here after
// it is in the log, never before.

#ifndef TRAINYARD_SERVER_RUN_JOB_RUN_H_
#define TRAINYARD_SERVER_RUN_JOB_RUN_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/train/steered_trainer.h"
#include "server/base/journal.h"
#include "server/run/checkpoint_saver.h"
#include "server/run/dataset_table.h"
#include "server/run/run_counters.h"
#include "server/run/run_log.h"
#include "server/run/scheduler.h"
#include "server/run/update_job.h"
#include "server/store/catalogue.h"
#include "server/store/event_log.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// What every run uses. All outlive the runs.
struct RunServices {
  EventLog& log;
  CommitQueue& queue;
  Catalogue& catalogue;
  Blobs& blobs;
  DatasetTable& datasets;
  CheckpointSaver& saver;
  Scheduler& scheduler;
  RunCounters& counters;
  Journal& journal;

  // That one run may take.
  int64_t memory_limit;
};

class JobRun final : public Sliced, public std::enable_shared_from_this<JobRun>, private RunSink {
 public:
  // Each told once: when a worker has the run for the first time, and when the terminal state is visible.
  struct Told {
    std::function<void(const JobRun&)> begun;
    std::function<void(const std::shared_ptr<JobRun>&)> ended;
  };

  // `run` is the job's spec, checked, with the memory that it takes at most, whatever of its `changes` have acted.
  JobRun(const RunServices& services, StoredJob stored, CheckedRun run, std::vector<OptionsChange> changes, Told told);
  ~JobRun() override;

  JobKey key() const { return key_; }
  const std::string& name() const { return name_; }
  const std::string& owner() const { return owner_; }  // empty: a caller without a name
  int64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  int priority() const { return priority_.load(std::memory_order_relaxed); }
  const TrainingOptions& options() const { return options_; }

  // The job as it is now, its progress included.
  v1::Job Describe() const;

  // Whether its deadline has come at `now`.
  bool IsOverdue(absl::Time now) const;

  // ---- Requests of users; see JobService. They wait until the log has the change: never on a gRPC thread or a worker.
  absl::StatusOr<v1::Job> Cancel();
  absl::StatusOr<v1::Job> Pause();
  absl::StatusOr<v1::Job> Resume();

  // ---- Requests that change what a run does; see JobService. One at a time: under changing().
  absl::Mutex& changing() { return changing_; }
  absl::Status Update(const JobUpdate& update);
  absl::Status Rewind(int64_t step, const SpecCheck& check);

  // As Update, at once and without waiting until it is durable: of a run that no worker has.
  absl::Status UpdateNow(const JobUpdate& update);
  absl::Status AwaitDurable();

  // As Cancel, without waiting; and of a job that no worker has or will have.
  void RequestEnd(StopReason reason);
  void EndUnstarted(StopReason reason);

  // Pauses at once what a former server left running and no worker has.
  void PauseUnstarted();

  // Ends as cancelled, or as failed, a job that no worker has or will have.
  absl::StatusOr<v1::Job> CancelUnstarted();
  void FailUnstarted(const absl::Status& status);

  // Saves the state of a run that no worker has any more. `saved` is told when it is safe, or at once where there is nothing to save.
  void SaveForShutdown(std::function<void()> saved);

  // Until no change of state is on its way to the log any more.
  void AwaitSettled();

  Then RunSlice(absl::Duration length) override;

 private:
  enum class Wanted { kRun, kPause, kCancel };
  enum class Keep { kNewest, kAlways };
  using Saved = std::function<void(absl::Status)>;

  // RunSink: outputs of the trainer.
  void Step(const StepMetrics& metrics) override;
  void Tell(const RunEvent& event) override;
  void Save(Checkpoint checkpoint) override;
  void BeginAttempt(Checkpoint checkpoint) override;

  // Slices (job_run.cc).
  void NoteEvaluation(const v1::Evaluation& evaluation) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Begin();
  absl::Status TakeUp(RunPlan plan);
  absl::Status AttemptStatus() const;
  bool MayGoOn() const;
  Then TrainFor(absl::Duration length);
  Then StandStill();
  void AfterSlice(absl::Time now);
  void CountWork();
  bool WaitForLog();
  void WakeAfterLog();
  Then FailAfterLog();
  Then PauseNow();
  Then EndNow();
  Then CancelNow();
  Then FailNow(const absl::Status& status);

  // Changes (job_run_changes.cc).
  struct Errand {
    std::function<absl::Status()> run;
    absl::Status status;
    bool done = false;
  };
  absl::Status BetweenUnits(std::function<absl::Status()> run);
  void RunErrand();
  struct Place {
    int roll_backs = 0;
    int64_t step = 0;
  };
  absl::StatusOr<Place> NextUpdate();
  absl::StatusOr<Place> LastPlaceKept();
  absl::StatusOr<int64_t> ChangesMade();
  absl::Status NoteUpdate(const JobUpdate& update, std::optional<v1::SpecChange> change);
  absl::Status RewindNow(SavedCheckpoint saved, const Checkpoint& checkpoint, const SpecCheck& check);
  absl::StatusOr<PlannedChanges> ChangesAfterRewind(const Checkpoint& checkpoint, const SpecCheck& check);
  void NoteRewind(const Checkpoint& checkpoint, const PlannedChanges& changes,
                  const std::vector<v1::Evaluation>& evaluations);
  void NoteAttempt(int64_t first_step) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::string FingerprintOf(const Checkpoint* checkpoint) const;

  // Checkpoints (job_run_checkpoints.cc).
  struct Start {
    std::optional<Checkpoint> checkpoint;
    int64_t position = 0;
  };
  absl::StatusOr<Start> NewestCheckpoint();
  absl::StatusOr<std::optional<Checkpoint>> FirstState() const;
  void SaveIfDue(absl::Time now);
  void NoteSaved();
  bool SavesTooMuch() const;
  void SaveCheckpoint(Checkpoint checkpoint, Keep keep, Saved saved);
  void SaveCheckpoint(Checkpoint checkpoint, Keep keep, ParametersHeld held, Saved saved);
  struct Held {
    ParametersHeld which;
    int64_t step;
    google::protobuf::RepeatedPtrField<v1::Evaluation> evaluations;
  };
  Held DescribeHeld(const Checkpoint& checkpoint, ParametersHeld which) const;
  void LogCheckpoint(SavedCheckpoint saved, Held held, Saved logged);
  void LogWithCheckpoint(v1::Event event, SavedCheckpoint saved, Held held, Saved logged);
  Saved OrRemoveFile(StoredCheckpoint stored, Saved logged);
  void RemoveFilesOnceGone(const std::vector<StoredCheckpoint>& removed);
  v1::Model MakeModel() const;

  // Whether a checkpoint that it is of is on its way to the log, or there.
  bool ModelIsLogged() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !model_.etag().empty(); }
  absl::Status RestoreModel();

  // States (job_run_states.cc).
  v1::Job Enter(v1::StateChanged change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Job EnterRunning() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountState(int64_t change) ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void ReportEnd(const v1::Job& job, const absl::Status& status) const;
  absl::StatusOr<v1::Job> WhenDurable(v1::Job job);
  void EnterEnd(v1::State state, const RunEnd& end, const absl::Status& status);
  void Leave(const v1::Job& job, const absl::Status& status, const absl::Status& written);
  void Warn(std::string reason, std::string message);
  int64_t AppendEvent(v1::Event event, CommitQueue::Change with, CommitQueue::Told told);
  absl::StatusOr<v1::Job> AwaitCancelled();
  bool InState(v1::State state) const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return job_.state() == state; }
  bool HasEnded() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status CheckBegun() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  Wanted wanted() const { return wanted_.load(std::memory_order_relaxed); }
  bool errand_waits() const { return has_errand_.load(std::memory_order_relaxed); }

  const RunServices services_;
  const JobKey key_;
  const std::string name_;
  const std::string owner_;
  std::atomic<int64_t> memory_bytes_;
  std::atomic<int> priority_;
  const TrainingOptions options_;  // before all changes
  const Told told_;

  // Used by the worker that has the run, then by the thread that ends it.
  TrainingData data_;
  std::shared_ptr<Crew> crew_;  // null: one thread; a helper may still hold it at the end
  std::vector<OptionsChange> changes_;
  std::unique_ptr<SteeredTrainer> trainer_;
  std::optional<RunLog> log_;
  int64_t logged_until_ = 0;      // steps that the log had when the run was taken up
  std::atomic<int32_t> attempt_;  // read by those who log for the run as well
  absl::Time last_save_;
  absl::Duration running_time_;
  bool begun_ = false;
  bool first_slice_ = true;
  int64_t checkpoint_bytes_ = 0;  // of the newest
  int64_t counted_steps_ = 0;     // of the trainer's, those that need not be counted any more
  int64_t counted_examples_ = 0;

  std::atomic<Wanted> wanted_ = Wanted::kRun;  // changes under mutex_
  std::atomic<bool> has_errand_ = false;
  std::atomic<int64_t> unsaved_ = 0;             // checkpoints that are on their way to the catalogue
  std::atomic<bool> beginning_attempt_ = false;  // its checkpoint is on its way
  std::atomic<int64_t> save_nanoseconds_ = 0;

  absl::Mutex changing_;
  mutable absl::Mutex mutex_;
  Errand* errand_ ABSL_GUARDED_BY(mutex_) = nullptr;
  v1::Job job_ ABSL_GUARDED_BY(mutex_);
  v1::Model model_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::Evaluation> best_evaluation_ ABSL_GUARDED_BY(mutex_);
  absl::Status attempt_status_ ABSL_GUARDED_BY(mutex_);  // of the checkpoint that the newest attempt begins with
  bool end_logged_ ABSL_GUARDED_BY(mutex_) = false;      // the terminal event is in the log
  absl::Status end_status_ ABSL_GUARDED_BY(mutex_);      // why it is not, or not durably
  int64_t version_ ABSL_GUARDED_BY(mutex_);
  bool standing_still_ ABSL_GUARDED_BY(mutex_) = false;  // for want of room on the disk
  bool end_requested_ ABSL_GUARDED_BY(mutex_) = false;
  StopReason requested_end_ ABSL_GUARDED_BY(mutex_) = StopReason::kCancelled;
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;  // a change to PAUSED or to a terminal state is on its way to the log
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_JOB_RUN_H_
