// The only writer of the database: takes all that is queued, commits it in one transaction, tells everybody, and begins again. A second
// thread syncs the write-ahead log and moves it into the database.
//
// Two degrees of safety. *Committed*: survives the death of the process; told at once. *Durable*: survives the death of the machine; told
// after the next sync, which comes within 100 ms, or at once where somebody asks for it.

#ifndef TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_
#define TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/database.h"

namespace trainyard {

// Thread-safe.
class CommitQueue {
 public:
  // Runs within the group's transaction, on the writer's thread. An error undoes this change alone, the others of the group stand.
  using Change = absl::AnyInvocable<absl::Status(Connection&)>;

  // Told on the writer's or the syncer's thread; must be quick and not block. On a full disk the writer keeps the group and tries again:
  // nothing is told until it is committed.
  using Told = absl::AnyInvocable<void(absl::Status)>;

  static absl::StatusOr<std::unique_ptr<CommitQueue>> Open(const std::string& database_path);

  // Writes what is queued, syncs, and stops.
  ~CommitQueue();

  // Changes are committed in the order of calls.
  void Commit(Change change, Told committed);

  // As Commit, but `durable` is told after the sync.
  void CommitDurably(Change change, Told durable);

  // Waits for CommitDurably. Never on a gRPC thread or a worker of the pool.
  absl::Status CommitDurablyAndWait(Change change);

  // Whether the last group could not be written for want of room.
  bool storage_full() const;

  // Bytes queued by callers' own estimate are not known here; changes that wait.
  int64_t queued() const;

 private:
  class Impl;
  explicit CommitQueue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_
