// The only writer of the database: takes all that is queued, commits it in one transaction, tells everybody, and begins again. A second
// thread syncs the write-ahead log and moves it into the database.
//
// Two degrees of safety. *Committed*: survives the death of the process; told at once. *Durable*: survives the death of the machine; told
// after the next sync, which comes within 100 ms, or at once where somebody asks for it.

#ifndef TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_
#define TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/base/counters.h"
#include "server/base/journal.h"
#include "server/store/database.h"
#include "server/store/reserve_file.h"
#include "server/store/syncer.h"

namespace trainyard {

struct CommitQueueOptions {
  // A file that is given up when the disk is full and made again when there is room; empty: none.
  std::string reserve_path;
  int64_t reserve_bytes = int64_t{64} << 20;

  // Is told when commits or syncs fail and when they succeed again, and of slow syncs; must outlive the queue. Null: nobody is told.
  Journal* journal = nullptr;
};

// Thread-safe.
class CommitQueue {
 public:
  // Runs within the group's transaction, on the writer's thread; runs again, from the same state of the database, when the group has to
  // be written again: after an error of the disk, or of one of its changes. An error undoes this change alone, the others of the group stand.
  using Change = absl::AnyInvocable<absl::Status(Connection&)>;

  // Told once, on the writer's or the syncer's thread; must be quick and not block. While the disk, full or broken, does not write, the
  // writer keeps the group and tries again each 100 ms: nothing is told until it is committed.
  using Told = absl::AnyInvocable<void(absl::Status)>;

  // The errors of Connection::Open.
  static absl::StatusOr<std::unique_ptr<CommitQueue>> Open(const std::string& database_path,
                                                           CommitQueueOptions options = {});

  // Writes what is queued, syncs, and stops. What cannot be written then is told the error.
  ~CommitQueue();

  // Changes are committed in the order of calls. `committed` may be null.
  void Commit(Change change, Told committed);

  // As Commit, but `durable` is told after a sync that began after the commit, in the order of commits, or of the change's error at once.
  // After a sync that failed it is told that error, and IsCommitted of it is true. `committed`, which may be null, is told before that, as
  // by Commit.
  void CommitDurably(Change change, Told durable, Told committed = nullptr);

  // Waits for CommitDurably. Never on a gRPC thread or a worker of the pool.
  absl::Status CommitDurablyAndWait(Change change);

  // The same again and again, each time a commit of its own, so that others come between, until `portion` returns that it did nothing: 0.
  absl::Status CommitInPortions(absl::FunctionRef<absl::StatusOr<int64_t>(Connection&)> portion);

  // Whether the last group could not be written for want of room.
  bool storage_full() const { return storage_full_.load(); }

  // Whether what can wait must wait: the disk was full, and has not yet room for a reserve again. Meanwhile the room of the former reserve
  // is for what ends, deletes and pauses.
  bool short_of_room() const { return short_of_room_.load(); }

  // Tells once, on the writer's thread, when that is over; at once, on the caller's, where it is. A queue that ends tells nobody.
  void WhenThereIsRoom(absl::AnyInvocable<void()> told);

  // From now on a group that cannot be written is told the error; it is not tried again.
  void GiveUpOnErrors();

  // Whether the last group could be written, and no sync has failed whose pages are not yet safe otherwise.
  bool writable() const { return writable_.load() && !syncer_->in_doubt(); }

  // Changes that wait or are being written.
  int64_t queued() const;

  // Changes that were committed, and the syncs that made them durable.
  int64_t committed() const { return committed_.value(); }
  const DurationHistogram& sync_durations() const { return syncer_->sync_durations(); }

 private:
  struct Entry {
    Change change;
    Told committed;
    Told durable;
    absl::Status status = {};  // of the change, when its group was last written
    bool given_up = false;     // its error took the whole transaction with it: it does not run again
  };
  using Group = std::vector<Entry>;

  CommitQueue(std::unique_ptr<Connection> connection, std::unique_ptr<Syncer> syncer, ReserveFile reserve,
              Journal* journal);

  void Enqueue(Entry entry);

  // All on the writer's thread.
  void Run();
  Group TakeAll();
  absl::Status WriteUntilDone(Group& group);
  absl::Status Write(Group& group);
  using ApplyEntry = absl::Status (CommitQueue::*)(Entry&);
  absl::Status WriteInTransaction(Group& group, ApplyEntry apply);
  absl::Status Apply(Entry& entry);
  absl::Status ApplyOrUndo(Entry& entry);
  void NoteShortOfRoom();
  void Report(const absl::Status& written);
  bool AwaitStop(absl::Duration at_most);
  void Tell(Group group, const absl::Status& written);
  void FinishCheckpoint();
  bool Checkpoint(int mode);
  bool EndLog(absl::Duration patience);
  void RestoreReserve();
  void RegainRoom();
  bool AwaitQueued(absl::Duration at_most);

  const ReserveFile reserve_;
  const std::unique_ptr<Connection> connection_;  // the writer's thread's
  int64_t log_pages_ = 0;  // in the log after the last commit, or in its file before the first; the writer's thread's
  int64_t tried_at_pages_ = 0;  // when FinishCheckpoint last tried; the writer's thread's
  absl::Time reserve_checked_;  // the writer's thread's
  std::unique_ptr<Syncer> syncer_;
  Journal* const journal_;

  std::atomic<bool> storage_full_ = false;
  std::atomic<bool> short_of_room_ = false;  // changes under mutex_
  std::atomic<bool> writable_ = true;
  Counter committed_;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool giving_up_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> awaiting_room_ ABSL_GUARDED_BY(mutex_);
  Group queue_ ABSL_GUARDED_BY(mutex_);
  int64_t being_written_ ABSL_GUARDED_BY(mutex_) = 0;

  std::thread writer_;  // last: it uses all of the above
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_COMMIT_QUEUE_H_
