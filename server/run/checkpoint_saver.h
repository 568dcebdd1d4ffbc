// Where checkpoints are kept: a small one in its row of the catalogue, which makes it safe together with the event that tells of it; any
// other in a file, which is written off the workers' threads.

#ifndef TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_
#define TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/base/worker_pool.h"
#include "core/train/checkpoint.h"
#include "server/store/blobs.h"
#include "server/store/catalogue.h"

namespace trainyard {

struct SavedCheckpoint {
  StoredCheckpoint stored;  // safe once it is inserted into the catalogue

  // Of the parameters that a model made of it holds: the best where there are some, else the last.
  std::string held_digest;
  absl::Duration took;
};

// One of the checkpoints that a job keeps.
struct ChosenCheckpoint {
  StoredCheckpoint stored;
  Checkpoint state;
  std::vector<StoredCheckpoint> kept;  // all of them, the newest first
};

// Of ArrayBytes: more is a file.
inline constexpr int64_t kMostBytesInRow = 64 << 10;

// Thread-safe.
class CheckpointSaver {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<SavedCheckpoint>)>;

  // Both must outlive this.
  CheckpointSaver(Blobs& blobs, const Catalogue& catalogue) : blobs_(blobs), catalogue_(catalogue) {}

  // Encodes and writes `checkpoint`, after those of the same job that came before it, then tells `done`: on a thread of this; or, of a
  // small one, on the caller's, before it returns, unless others come before it. `stored` has the fields that the state does not decide.
  void Save(JobKey job, Checkpoint checkpoint, StoredCheckpoint stored, Done done);

  // Writes the state that an attempt begins with, on the caller's thread: pinned, past all events up to `log_position`, which is 0 where
  // the job begins with it. It needs a row.
  absl::StatusOr<SavedCheckpoint> SaveFirst(JobKey job, const Checkpoint& checkpoint, int32_t attempt,
                                            int64_t log_position) const;

  // Never on a gRPC thread. DATA_LOSS (CHECKPOINT_DAMAGED, with `step` and the `digest` of the parameters): damaged. NOT_FOUND: removed
  // meanwhile.
  absl::StatusOr<Checkpoint> Load(JobKey job, const StoredCheckpoint& stored) const;

  // Loads the one of those kept that `choose` takes; where that was removed before it could be read, as newer ones do it, chooses again.
  // The errors of `choose`; DATA_LOSS as Load, and where the file of a checkpoint that is kept is gone.
  using Choose = absl::FunctionRef<absl::StatusOr<StoredCheckpoint>(const std::vector<StoredCheckpoint>& kept)>;
  absl::StatusOr<ChosenCheckpoint> LoadChosen(JobKey job, Choose choose) const;

  // Removes the file of a checkpoint whose row is not there, or of a job that is deleted; where there is none, nothing.
  absl::Status RemoveFile(const StoredCheckpoint& stored) const;

  // The same on a thread of this: for those that must not block.
  void RemoveFileLater(JobKey job, StoredCheckpoint stored);

 private:
  absl::StatusOr<SavedCheckpoint> Write(JobKey job, const Checkpoint& checkpoint, StoredCheckpoint stored) const;
  absl::StatusOr<Checkpoint> LoadUnnamed(JobKey job, const StoredCheckpoint& stored) const;
  void BeginWaiting(JobKey job);
  void EndWaiting(JobKey job);
  WorkerPool& ThreadOf(JobKey job) { return threads_[static_cast<size_t>(job) % threads_.size()]; }
  bool HasWaiting(JobKey job);

  Blobs& blobs_;
  const Catalogue& catalogue_;
  absl::Mutex mutex_;
  std::map<JobKey, int> waiting_ ABSL_GUARDED_BY(mutex_);  // checkpoints of the job that wait for a thread, or have one

  // A job keeps to one of them, so that its checkpoints are saved in order.
  std::array<WorkerPool, 2> threads_{WorkerPool(1), WorkerPool(1)};
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_
