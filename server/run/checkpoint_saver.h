// Writes checkpoints to disk, off the workers' threads.

#ifndef TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_
#define TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/worker_pool.h"
#include "core/train/checkpoint.h"
#include "server/store/blobs.h"
#include "server/store/catalogue.h"

namespace trainyard {

struct SavedCheckpoint {
  StoredCheckpoint stored;

  // Of the parameters that a model made of it holds: the best where there are some, else the last.
  std::string held_digest;
  absl::Duration took;
};

// Thread-safe.
class CheckpointSaver {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<SavedCheckpoint>)>;

  // `blobs` must outlive this.
  explicit CheckpointSaver(Blobs& blobs) : blobs_(blobs) {}

  // Encodes and writes `checkpoint`, after those of the same job that came before it, then tells `done` on a thread of this. `stored` has the fields that the file does not decide.
  void Save(JobKey job, Checkpoint checkpoint, StoredCheckpoint stored, Done done);

  // Writes the state that a job begins with, on the caller's thread: pinned, before all that its log will say.
  absl::StatusOr<StoredCheckpoint> SaveFirst(JobKey job, const Checkpoint& checkpoint);

  // Never on a gRPC thread. DATA_LOSS: damaged.
  absl::StatusOr<Checkpoint> Load(const StoredCheckpoint& stored) const;

 private:
  Blobs& blobs_;

  // A job keeps to one of them, so that its checkpoints are saved in order.
  std::array<WorkerPool, 2> threads_{WorkerPool(1), WorkerPool(1)};
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_CHECKPOINT_SAVER_H_
