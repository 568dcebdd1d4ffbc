// Syncs that fail once: pages may be lost then, and the next sync says nothing of it.

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/commit_queue.h"
#include "tests/server/store/temporary_store.h"
#include "tests/testing/intercepted_disk.h"
#include "tests/testing/losing_disk.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::Status MakeTable(Connection& c) { return c.Run("CREATE TABLE t(a)"); }

// Enough for the syncer to move the log.
absl::Status InsertLarge(Connection& c) { return c.Run("INSERT INTO t VALUES(zeroblob(6000000))"); }

// With it the log cannot be ended, nor moved beyond what is there now.
class Snapshot {
 public:
  explicit Snapshot(const std::string& database) : reader_(Connection::Open(database).value()) {
    EXPECT_TRUE(reader_->Run("BEGIN").ok());
    QueryInt(*reader_, "SELECT count(*) FROM t");
  }

 private:
  const std::unique_ptr<Connection> reader_;
};

class FailingLogSyncTest : public testing::Test {
 protected:
  FailingLogSyncTest() { EXPECT_TRUE(queue_->CommitDurablyAndWait(MakeTable).ok()); }
  ~FailingLogSyncTest() override {
    disk_.Heal();
    queue_.reset();
  }

  void FailSyncs(int after, int times) {
    disk_.Fail({.kind = InterceptedDisk::Kind::kLog,
                .call = FailingDisk::Call::kSync,
                .code = SQLITE_IOERR_FSYNC,
                .after = after,
                .times = times});
  }
  void AwaitWritable() {
    while (!queue_->writable()) absl::SleepFor(absl::Milliseconds(1));
  }

  FailingDisk disk_;
  TemporaryFolder folder_;
  std::vector<std::string> lines_;
  std::optional<Journal> journal_{std::in_place, JournalOptions(),
                                  [this](const std::string& line) { lines_.push_back(line); }};
  std::unique_ptr<CommitQueue> queue_ = CommitQueue::Open(folder_.Database(), {.journal = &*journal_}).value();
};

TEST_F(FailingLogSyncTest, ASyncOfTheLogThatFailsWithinACheckpointCountsAsOneOfTheSyncers) {
  std::optional<Snapshot> snapshot(folder_.Database());
  FailSyncs(/*after=*/1, /*times=*/1);  // the first makes the commit durable
  ASSERT_TRUE(queue_->CommitDurablyAndWait(InsertLarge).ok());
  disk_.AwaitFailed(1);
  const absl::Status doubtful = queue_->CommitDurablyAndWait(InsertLarge);
  EXPECT_EQ(ErrorReason(doubtful), "STORAGE_FAILED");
  EXPECT_TRUE(IsCommitted(doubtful));
  snapshot.reset();
  EXPECT_TRUE(queue_->CommitDurablyAndWait(InsertLarge).ok());
}

TEST_F(FailingLogSyncTest, TheQueueIsNotWritableWhileSyncsFailAndIsAgainWithoutAnyCommit) {
  FailSyncs(/*after=*/0, /*times=*/1'000'000);
  EXPECT_FALSE(queue_->CommitDurablyAndWait(Nothing).ok());
  EXPECT_FALSE(queue_->writable());
  disk_.Heal();
  AwaitWritable();
  EXPECT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
}

TEST_F(FailingLogSyncTest, TheJournalIsToldOnceThatItCannotSyncAndOnceThatItSyncsAgain) {
  FailSyncs(/*after=*/0, /*times=*/5);
  EXPECT_FALSE(queue_->CommitDurablyAndWait(Nothing).ok());
  AwaitWritable();
  queue_.reset();
  journal_.reset();
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("ERROR store_cannot_sync error="), HasSubstr("INFO store_syncs_again")));
}

class LosingDiskTest : public testing::Test {
 protected:
  LosingDiskTest() { EXPECT_TRUE(Commit(MakeTable).ok()); }
  ~LosingDiskTest() override { queue_.reset(); }

  absl::Status Commit(CommitQueue::Change change) { return queue_->CommitDurablyAndWait(std::move(change)); }

  // Pages that a checkpoint has moved are lost: with a snapshot it does not reach the log's end, and so does not sync by itself.
  void LosePages() {
    const Snapshot snapshot(folder_.Database());
    disk_.FailSyncs(1);
    ASSERT_TRUE(Commit(InsertLarge).ok());
    while (disk_.failed() == 0) absl::SleepFor(absl::Milliseconds(1));
  }

  // What is left when the machine dies now, read past the disk that loses.
  void ExpectSafe(int rows) {
    const std::string copy = folder_.path() + "/copy.db";
    disk_.Copy(folder_.Database(), copy);
    EXPECT_THAT(Texts(copy, "PRAGMA integrity_check"), ElementsAre("ok"));
    EXPECT_THAT(Texts(copy, "SELECT count(*) FROM t"), ElementsAre(absl::StrCat(rows)));
  }

  static std::vector<std::string> Texts(const std::string& database, const char* query) {
    std::vector<std::string> texts;
    const auto add = [](void* to, int, char** columns, char**) {
      static_cast<std::vector<std::string>*>(to)->push_back(columns[0]);
      return 0;
    };
    sqlite3* db = nullptr;
    sqlite3_open_v2(database.c_str(), &db, SQLITE_OPEN_READWRITE, "unix");
    if (sqlite3_exec(db, query, add, &texts, nullptr) != SQLITE_OK) texts.push_back(sqlite3_errmsg(db));
    sqlite3_close(db);
    return texts;
  }

  LosingDisk disk_;
  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_ = CommitQueue::Open(folder_.Database()).value();
};

TEST_F(LosingDiskTest, TheLogNeverBeginsAnewOverPagesThatCouldNotBeSynced) {
  LosePages();
  ExpectSafe(1);
  for (int rows = 2; rows <= 5; ++rows) {
    ASSERT_TRUE(Commit(InsertLarge).ok());
    absl::SleepFor(absl::Milliseconds(50));  // for the syncer to move it
    ExpectSafe(rows);
  }
}

TEST_F(LosingDiskTest, TheLogThatClosingEndsIsMovedAnewWhereASyncHadFailed) {
  LosePages();
  queue_.reset();
  ExpectSafe(1);
}

TEST_F(LosingDiskTest, WhileTheDatabaseCannotBeSyncedAllIsInTheLog) {
  LosePages();
  disk_.FailSyncs(1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(IsCommitted(Commit(InsertLarge)));
  EXPECT_FALSE(queue_->writable());
  queue_.reset();
  ExpectSafe(4);
}

}  // namespace
}  // namespace trainyard
