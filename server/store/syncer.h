// The thread that makes commits durable: it syncs the write-ahead log and moves it into the database, beside the writer, which never
// waits for a disk.

#ifndef TRAINYARD_SERVER_STORE_SYNCER_H_
#define TRAINYARD_SERVER_STORE_SYNCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/base/counters.h"
#include "server/base/journal.h"
#include "server/store/database.h"

namespace trainyard {

// Whether the change whose outcome was told is committed: its outcome is OK, or only its sync has failed. Then readers see the change, and
// so may the next server: the files that it names must stay.
bool IsCommitted(const absl::Status& told);

// Thread-safe.
class Syncer {
 public:
  using Told = absl::AnyInvocable<void(absl::Status)>;

  // `journal`, which is told of syncs that fail, that are good again, and that take longer than a second, may be null.
  static absl::StatusOr<std::unique_ptr<Syncer>> Start(const std::string& database_path, Journal* journal = nullptr);

  // Syncs what is not yet synced, tells, and stops.
  ~Syncer();

  // A group was committed; the write-ahead log has `log_pages` pages. `waiting` are told after a sync that begins after this call, which
  // is at once; without any the sync follows within 100 ms. After an error of the disk they are told that error, which IsCommitted knows,
  // and so is everybody until LogEnded: a system that could not write a page once takes it for written at the next sync.
  void Committed(int64_t log_pages, std::vector<Told> waiting);

  // Whether a sync has failed, of the log or of the database, since LogEnded was told: that all of the log, and not only what was not yet
  // moved, was moved into the database and synced there, and the log begins anew. Until then this moves nothing: a checkpoint that ends the
  // log would end it over pages that are lost.
  bool in_doubt() const { return in_doubt_.load(); }
  void LogEnded();

  // As a sync of its own that failed: for those within the writer's checkpoints.
  void SyncFailed(const absl::Status& status);

  // Pages of the log that are in the database, and synced there: the checkpoint that ends the log need not move them.
  int64_t moved_pages() const { return moved_pages_.load(); }

  // Of the log and of the database.
  const DurationHistogram& sync_durations() const { return sync_durations_; }

 private:
  Syncer(std::unique_ptr<Connection> connection, Journal* journal);

  void Run();
  bool AwaitWork();
  void SyncLog();
  void SyncLogIfAwaited();
  void Checkpoint();
  int64_t CheckpointPassively();
  absl::Status SyncFile(int which);

  const std::unique_ptr<Connection> connection_;  // the thread's
  Journal* const journal_;
  std::atomic<int64_t> moved_pages_ = 0;
  std::atomic<bool> in_doubt_ = false;
  DurationHistogram sync_durations_;

  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool dirty_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time dirty_since_ ABSL_GUARDED_BY(mutex_);
  int64_t log_pages_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Told> waiting_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_SYNCER_H_
