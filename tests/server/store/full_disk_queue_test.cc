// A commit queue whose disk is full.

#include <sys/stat.h>

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "server/store/commit_queue.h"
#include "tests/server/store/queue_fixture.h"
#include "tests/server/store/temporary_store.h"
#include "tests/testing/intercepted_disk.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

// A disk that is full beyond a number of pages which the test can raise: the first change of the group sets the limit, each time it runs.
class FullDiskTest : public QueueFixture {
 protected:
  // The queue tells what is here.
  ~FullDiskTest() override { queue_.reset(); }

  static constexpr int kSmall = 100;
  static constexpr int kLarge = 1'000'000;

  void QueueGroup() {
    WriterGate gate(*queue_);
    queue_->Commit(
        [this](Connection& connection) {
          tries_.fetch_add(1);
          return connection.Run(absl::StrCat("PRAGMA max_page_count = ", pages_.load()));
        },
        nullptr);
    queue_->Commit(InsertRow(1), small_.Teller());
    queue_->Commit([](Connection& c) { return c.Run("INSERT INTO t VALUES(zeroblob(2000000))"); }, large_.Teller());
    queue_->CommitDurably(InsertRow(2), durable_.Teller());
  }
  void AwaitFull() {
    while (!queue_->storage_full()) std::this_thread::yield();
  }

  std::atomic<int> pages_ = kSmall;
  std::atomic<int> tries_ = 0;
  Outcome small_;
  Outcome large_;
  Outcome durable_;
};

TEST_F(FullDiskTest, TheGroupIsKeptAndNothingIsTold) {
  QueueGroup();
  AwaitFull();
  while (tries_ < 3) std::this_thread::yield();
  EXPECT_FALSE(small_.told() || large_.told() || durable_.told());
  EXPECT_EQ(Rows(), 0);
  pages_ = kLarge;
  EXPECT_TRUE(small_.Wait().ok());
}

TEST_F(FullDiskTest, TheGroupIsCommittedWholeWhenThereIsRoom) {
  QueueGroup();
  AwaitFull();
  pages_ = kLarge;
  EXPECT_TRUE(small_.Wait().ok());
  EXPECT_TRUE(large_.Wait().ok());
  EXPECT_TRUE(durable_.Wait().ok());
  EXPECT_EQ(Rows(), 3);
  EXPECT_FALSE(queue_->storage_full());
}

TEST_F(FullDiskTest, ChangesThatComeMeanwhileFollowTheGroup) {
  QueueGroup();
  AwaitFull();
  Outcome later;
  queue_->Commit(InsertRow(3), later.Teller());
  pages_ = kLarge;
  EXPECT_TRUE(later.Wait().ok());
  EXPECT_EQ(Rows(), 4);
}

TEST_F(FullDiskTest, ReadsGoOn) {
  ASSERT_TRUE(queue_->CommitDurablyAndWait(InsertRow(7)).ok());
  QueueGroup();
  AwaitFull();
  EXPECT_EQ(QueryInt(*reader_, "SELECT a FROM t"), 7);
  pages_ = kLarge;
}

TEST_F(FullDiskTest, DestructionTellsWhatCannotBeWritten) {
  QueueGroup();
  AwaitFull();
  queue_.reset();
  EXPECT_EQ(ErrorReason(small_.Wait()), "STORAGE_FULL");
  EXPECT_EQ(ErrorReason(durable_.Wait()), "STORAGE_FULL");
  EXPECT_EQ(Rows(), 0);
}

TEST_F(FullDiskTest, ThereIsRoomAgainOnceTheGroupIsWritten) {
  EXPECT_FALSE(queue_->short_of_room());
  QueueGroup();
  AwaitFull();
  EXPECT_TRUE(queue_->short_of_room());
  absl::Notification room;
  queue_->WhenThereIsRoom([&room] { room.Notify(); });
  EXPECT_FALSE(room.HasBeenNotified());
  pages_ = kLarge;
  room.WaitForNotification();
  EXPECT_FALSE(queue_->short_of_room());
  bool told = false;
  queue_->WhenThereIsRoom([&told] { told = true; });
  EXPECT_TRUE(told);
}

TEST_F(FullDiskTest, WhatCannotBeWrittenIsToldOnceTheQueueGivesUp) {
  QueueGroup();
  AwaitFull();
  queue_->GiveUpOnErrors();
  EXPECT_EQ(ErrorReason(small_.Wait()), "STORAGE_FULL");
  EXPECT_EQ(ErrorReason(durable_.Wait()), "STORAGE_FULL");
  EXPECT_EQ(Rows(), 0);
}

// A log that its process has moved into the database, but not ended, before it was killed.
class LeftLogTest : public testing::Test {
 protected:
  LeftLogTest() {
    const std::unique_ptr<Connection> killed = Connection::Open(folder_.Database()).value();
    EXPECT_TRUE(killed->Run("CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(8000000))").ok());
    sqlite3_wal_checkpoint_v2(killed->handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    std::filesystem::copy(folder_.Database(), database_);
    std::filesystem::copy(folder_.Database() + "-wal", log_);
  }

  FailingDisk disk_;
  TemporaryFolder folder_;
  const std::string database_ = folder_.path() + "/left.db";
  const std::string log_ = database_ + "-wal";
};

TEST_F(LeftLogTest, IsEndedOnAFullDiskBeforeAnythingIsWritten) {
  const auto queue = CommitQueue::Open(database_).value();
  ASSERT_GE(std::filesystem::file_size(log_), 8'000'000u);
  disk_.Fail({.kind = InterceptedDisk::Kind::kLog, .call = FailingDisk::Call::kWrite, .code = SQLITE_FULL});
  Outcome deleted;
  queue->Commit([](Connection& c) { return c.Run("DELETE FROM t"); }, deleted.Teller());
  disk_.AwaitFailed(3);
  EXPECT_EQ(std::filesystem::file_size(log_), 0u);
  disk_.Heal();
  EXPECT_TRUE(deleted.Wait().ok());
}

class FullDiskReserveTest : public FullDiskTest {
 protected:
  void SetUp() override {
    queue_.reset();
    queue_ = CommitQueue::Open(folder_.Database(), {.reserve_path = path_, .reserve_bytes = 1 << 20}).value();
  }

  const std::string path_ = folder_.path() + "/reserve";
};

TEST_F(FullDiskReserveTest, IsMadeWithItsBlocks) {
  ASSERT_TRUE(std::filesystem::exists(path_));
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_GE(info.st_blocks * 512, 1 << 20);
}

TEST_F(FullDiskReserveTest, IsGivenUpWhenTheDiskIsFull) {
  QueueGroup();
  AwaitFull();
  while (tries_ < 2) std::this_thread::yield();
  EXPECT_FALSE(std::filesystem::exists(path_));
  pages_ = kLarge;
  EXPECT_TRUE(small_.Wait().ok());
}

TEST_F(FullDiskReserveTest, ThereIsRoomAgainOnceTheReserveIs) {
  QueueGroup();
  AwaitFull();
  pages_ = kLarge;
  EXPECT_TRUE(small_.Wait().ok());
  absl::Notification room;
  queue_->WhenThereIsRoom([&room] { room.Notify(); });
  room.WaitForNotification();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(FullDiskReserveTest, AQueueWithoutRoomForItsReserveIsShortOfRoomFromTheStart) {
  queue_.reset();
  std::filesystem::remove(path_);
  queue_ = CommitQueue::Open(folder_.Database(), {.reserve_path = path_, .reserve_bytes = int64_t{1} << 60}).value();
  EXPECT_TRUE(queue_->short_of_room());
  EXPECT_TRUE(queue_->CommitDurablyAndWait(InsertRow(1)).ok());
  EXPECT_TRUE(queue_->short_of_room());
}

TEST_F(FullDiskReserveTest, IsMadeAgainAtTheNextStart) {
  std::filesystem::remove(path_);
  SetUp();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

// What is told to the operator and counted for him.
class FullDiskReportTest : public FullDiskTest {
 protected:
  ~FullDiskReportTest() override { queue_.reset(); }
  void SetUp() override {
    queue_.reset();
    queue_ = CommitQueue::Open(folder_.Database(), {.journal = &*journal_}).value();
  }
  // Ends the journal: all of it is in lines_ then.
  void Close() {
    queue_.reset();
    journal_.reset();
  }

  std::vector<std::string> lines_;
  std::optional<Journal> journal_{std::in_place, JournalOptions(),
                                  [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(FullDiskReportTest, TheQueueIsNotWritableUntilThereIsRoom) {
  EXPECT_TRUE(queue_->writable());
  QueueGroup();
  AwaitFull();
  EXPECT_FALSE(queue_->writable());
  pages_ = kLarge;
  EXPECT_TRUE(durable_.Wait().ok());
  EXPECT_TRUE(queue_->writable());
}

TEST_F(FullDiskReportTest, TheJournalIsToldOnceThatItCannotWriteAndOnceThatItWritesAgain) {
  QueueGroup();
  AwaitFull();
  while (tries_ < 3) std::this_thread::yield();
  pages_ = kLarge;
  EXPECT_TRUE(durable_.Wait().ok());
  Close();
  EXPECT_THAT(lines_, ElementsAre(testing::HasSubstr("ERROR store_cannot_write storage_full=true error="),
                                  testing::HasSubstr("INFO store_writes_again")));
}

TEST_F(FullDiskReportTest, ChangesAreCountedWhenTheyAreCommittedAndTheirSyncsAreTimed) {
  const int64_t before = queue_->committed();
  ASSERT_TRUE(queue_->CommitDurablyAndWait(InsertRow(1)).ok());
  EXPECT_FALSE(queue_->CommitDurablyAndWait([](Connection&) { return absl::AbortedError("no"); }).ok());
  EXPECT_EQ(queue_->committed(), before + 1);
  int64_t syncs = 0;
  for (const int64_t count : queue_->sync_durations().Read().counts) syncs += count;
  EXPECT_GE(syncs, 1);
}

}  // namespace
}  // namespace trainyard
