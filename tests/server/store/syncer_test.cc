#include "server/store/syncer.h"

#include <sqlite3.h>

#include <limits>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

// Stands between SQLite and the disk for the databases that are opened while it lives: counts the syncs of their write-ahead logs, holds
// them and fails them.
class LogSyncs {
 public:
  LogSyncs() {
    watcher_ = this;
    system_ = sqlite3_vfs_find(nullptr);
    watched_ = *system_;
    watched_.zName = "watched";
    watched_.xOpen = Open;
    sqlite3_vfs_register(&watched_, 1);
  }
  ~LogSyncs() { sqlite3_vfs_unregister(&watched_); }

  // From now on syncs are counted anew, and each waits at its beginning.
  void Hold() { Start(0); }
  void CountFreely() { Start(std::numeric_limits<int>::max()); }
  void LetOneGo() {
    absl::MutexLock lock(&mutex_);
    ++may_go_;
  }
  void LetAllGo() {
    absl::MutexLock lock(&mutex_);
    may_go_ = std::numeric_limits<int>::max();
  }
  void FailWith(int code) {
    absl::MutexLock lock(&mutex_);
    code_ = code;
  }
  void AwaitBegun(int count) {
    const auto enough = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return begun_ >= count; };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&enough));
  }
  int begun() {
    absl::MutexLock lock(&mutex_);
    return begun_;
  }

 private:
  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const int code = system_->xOpen(system_, name, file, flags, out_flags);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    static const sqlite3_io_methods kMethods = Watched(*file->pMethods);  // all logs have the same
    file->pMethods = &kMethods;
    return code;
  }
  static sqlite3_io_methods Watched(sqlite3_io_methods methods) {
    system_sync_ = methods.xSync;
    methods.xSync = Sync;
    return methods;
  }
  static int Sync(sqlite3_file* file, int flags) {
    const int code = watcher_->Begin();
    return code == SQLITE_OK ? system_sync_(file, flags) : code;
  }

  void Start(int may_go) {
    absl::MutexLock lock(&mutex_);
    begun_ = 0;
    may_go_ = may_go;
  }
  int Begin() {
    absl::MutexLock lock(&mutex_);
    const int number = ++begun_;
    const auto may_go = [this, number]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return number <= may_go_; };
    mutex_.Await(absl::Condition(&may_go));
    return code_;
  }

  static inline LogSyncs* watcher_ = nullptr;
  static inline sqlite3_vfs* system_ = nullptr;
  static inline int (*system_sync_)(sqlite3_file*, int) = nullptr;

  sqlite3_vfs watched_;
  absl::Mutex mutex_;
  int begun_ ABSL_GUARDED_BY(mutex_) = 0;
  int may_go_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int>::max();
  int code_ ABSL_GUARDED_BY(mutex_) = SQLITE_OK;
};

class SyncerTest : public testing::Test {
 protected:
  SyncerTest() : queue_(CommitQueue::Open(folder_.Database()).value()) {
    // The first commit to a new log syncs the log's head as well, on the writer's thread.
    EXPECT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE t(a UNIQUE)"); }).ok());
    reader_ = Connection::Open(folder_.Database()).value();
  }
  void TearDown() override { syncs_.LetAllGo(); }

  static CommitQueue::Change Insert(int value) {
    return [value](Connection& c) { return c.Run(absl::StrCat("INSERT INTO t VALUES(", value, ")")); };
  }

  LogSyncs syncs_;
  TemporaryFolder folder_;
  std::unique_ptr<Connection> reader_;  // with it, no other connection moves the log at its end
  std::unique_ptr<CommitQueue> queue_;
};

TEST_F(SyncerTest, DurableIsToldAfterASyncThatBeganAfterTheCommit) {
  Outcome first;
  Outcome second;
  Outcome second_committed;
  syncs_.Hold();
  queue_->CommitDurably(Insert(1), first.Teller());
  syncs_.AwaitBegun(1);
  queue_->CommitDurably(Insert(2), second.Teller(), second_committed.Teller());
  ASSERT_TRUE(second_committed.Wait().ok());
  EXPECT_FALSE(first.told());
  syncs_.LetOneGo();
  EXPECT_TRUE(first.Wait().ok());
  syncs_.AwaitBegun(2);
  EXPECT_FALSE(second.told());
  syncs_.LetOneGo();
  EXPECT_TRUE(second.Wait().ok());
}

TEST_F(SyncerTest, CommittingNeverWaitsForASync) {
  syncs_.Hold();
  queue_->CommitDurably(Insert(1), [](const absl::Status&) {});
  syncs_.AwaitBegun(1);
  Outcome committed;
  queue_->Commit(Insert(2), committed.Teller());
  EXPECT_TRUE(committed.Wait().ok());
  EXPECT_EQ(QueryInt(*reader_, "SELECT count(*) FROM t"), 2);
}

TEST_F(SyncerTest, DurableIsToldInTheOrderOfCommits) {
  std::vector<int> order;
  const auto note = [&order](int i) { return [&order, i](const absl::Status&) { order.push_back(i); }; };
  syncs_.Hold();
  queue_->CommitDurably(Insert(0), note(0));
  syncs_.AwaitBegun(1);
  for (int i = 1; i < 6; ++i) {
    Outcome committed;
    queue_->CommitDurably(Insert(i), note(i), committed.Teller());
    ASSERT_TRUE(committed.Wait().ok());  // each is a group of its own
  }
  {
    WriterGate gate(*queue_);
    for (int i = 6; i < 9; ++i) queue_->CommitDurably(Insert(i), note(i));  // one group
  }
  syncs_.LetAllGo();
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_F(SyncerTest, CommitsThatNobodyAwaitsAreSyncedToo) {
  syncs_.CountFreely();
  queue_->Commit(Insert(1), nullptr);
  syncs_.AwaitBegun(1);
}

TEST_F(SyncerTest, AnErrorOfTheDiskIsToldAndWhatIsCommittedStays) {
  syncs_.FailWith(SQLITE_IOERR_FSYNC);
  Outcome durable;
  Outcome committed;
  queue_->CommitDurably(Insert(1), durable.Teller(), committed.Teller());
  EXPECT_TRUE(committed.Wait().ok());
  EXPECT_TRUE(absl::IsInternal(durable.Wait())) << durable.Wait();
  EXPECT_EQ(QueryInt(*reader_, "SELECT count(*) FROM t"), 1);
  syncs_.FailWith(SQLITE_OK);
  EXPECT_TRUE(queue_->CommitDurablyAndWait(Insert(2)).ok());
}

TEST_F(SyncerTest, DestructionSyncsWhatIsNotYetSynced) {
  Outcome durable;
  {
    WriterGate gate(*queue_);
    queue_->CommitDurably(Insert(1), durable.Teller());
    syncs_.CountFreely();
  }
  queue_.reset();
  EXPECT_TRUE(durable.told());
  EXPECT_GE(syncs_.begun(), 1);
}

}  // namespace
}  // namespace trainyard
