// Where a run's outputs go: the event log, in chunks; after a recovery only what the log does not hold yet.
//
// After a crash a run goes on from its last checkpoint and repeats steps that are logged already. Until it is past them each output is
// compared with the logged one and not written again. An output that differs is a mismatch: the run cannot be trusted and must end.

#ifndef TRAINYARD_SERVER_RUN_RUN_LOG_H_
#define TRAINYARD_SERVER_RUN_RUN_LOG_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/train/run_events.h"
#include "server/run/replay.h"
#include "server/store/event_log.h"

namespace trainyard {

// Steps in one chunk, and the age at which a smaller one is written. The quickest runs make some thousand chunks a second; what a chunk costs
// beyond its steps is then small beside them.
inline constexpr size_t kChunkSteps = 256;
inline constexpr absl::Duration kChunkAge = absl::Milliseconds(10);

// Steps whose metrics the log has of this attempt, the newest one; 0: none. Never on a gRPC thread.
absl::StatusOr<int64_t> LoggedSteps(const EventLog& log, JobKey job, int32_t attempt);

// Not thread-safe; used by the worker that has the run.
class RunLog {
 public:
  // `newest`: the number of the newest event of the job.
  RunLog(EventLog& log, JobKey job, std::string job_name, int32_t attempt, int64_t newest);

  // The run stands at `step` and repeats what is logged after sequence number `position`.
  absl::Status BeginReplay(int64_t position, int64_t step);

  // Whether outputs are still compared rather than written; and the first difference, if there was one.
  bool replaying() const { return replay_.has_value() && replay_->active(); }
  const absl::Status& mismatch() const { return mismatch_; }

  // Of the first event that the log refused; those after it are not in the log either.
  absl::Status failure() const { return failure_->status(); }

  // What follows belongs to this attempt. Not while replaying.
  void BeginAttempt(int32_t attempt);

  // Outputs of the run.
  void Step(const StepMetrics& metrics);
  void Tell(v1::Event event);

  // The run has ended: nothing that is logged may be left. Buffered steps are written.
  void Finish();

  // Writes buffered steps: all of them; or a chunk that is old enough.
  void Flush();
  void FlushOld(absl::Time now);

  // All outputs up to this number, and of later events only steps before the run's own, are behind the run: where a replay from its state
  // begins. Flush first.
  int64_t position() const {
    if (!replay_.has_value()) return position_;
    return replay_->active() ? replay_->consumed() : std::max(position_, replay_->end());
  }

 private:
  // Told by the log's thread.
  class Failure {
   public:
    void Add(const absl::Status& status) {
      absl::MutexLock lock(&mutex_);
      status_.Update(status);
      failed_ = true;
    }
    absl::Status status() const {
      if (!failed_.load(std::memory_order_acquire)) return absl::OkStatus();
      absl::MutexLock lock(&mutex_);
      return status_;
    }

   private:
    std::atomic<bool> failed_ = false;
    mutable absl::Mutex mutex_;
    absl::Status status_ ABSL_GUARDED_BY(mutex_);
  };

  // Whether the output was in the log already.
  template <typename Output>
  bool Repeats(const Output& output);
  void NoteMismatch();
  void Append(v1::Event event);

  EventLog& log_;
  const JobKey job_;
  const std::string job_name_;
  int32_t attempt_;

  std::vector<StepMetrics> buffer_;
  absl::Time buffer_begun_;
  int64_t position_;

  std::optional<Replay> replay_;
  absl::Status mismatch_;
  const std::shared_ptr<Failure> failure_ = std::make_shared<Failure>();
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_RUN_LOG_H_
