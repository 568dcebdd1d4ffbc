#include "server/store/commit_queue.h"

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
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

CommitQueue::Change Insert(int value) {
  return [value](Connection& connection) { return connection.Run(absl::StrCat("INSERT INTO t VALUES(", value, ")")); };
}

class CommitQueueTest : public testing::Test {
 protected:
  CommitQueueTest() : queue_(CommitQueue::Open(folder_.Database()).value()) {
    EXPECT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE t(a UNIQUE)"); }).ok());
    reader_ = Connection::Open(folder_.Database()).value();
  }

  int64_t Rows() { return QueryInt(*reader_, "SELECT count(*) FROM t"); }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Connection> reader_;
};

TEST_F(CommitQueueTest, ACommittedChangeIsSeenByReaders) {
  Outcome committed;
  queue_->Commit(Insert(1), committed.Teller());
  EXPECT_TRUE(committed.Wait().ok());
  EXPECT_EQ(Rows(), 1);
}

TEST_F(CommitQueueTest, WhatIsQueuedMeanwhileIsOneTransaction) {
  Gate gate(*queue_);
  Outcome first;
  Outcome last;
  int64_t seen_by_last = -1;
  queue_->Commit(Insert(1), first.Teller());
  queue_->Commit(
      [&](Connection& connection) {
        // A reader beside the transaction sees nothing of the group.
        seen_by_last = Rows();
        return connection.Run("INSERT INTO t VALUES(2)");
      },
      last.Teller());
  EXPECT_EQ(queue_->queued(), 3);
  gate.Open();
  EXPECT_TRUE(last.Wait().ok());
  EXPECT_TRUE(first.told());
  EXPECT_EQ(seen_by_last, 0);
  EXPECT_EQ(Rows(), 2);
}

TEST_F(CommitQueueTest, ChangesAreCommittedInTheOrderOfCalls) {
  Gate gate(*queue_);
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    queue_->Commit(
        [&order, i](Connection&) {
          order.push_back(i);
          return absl::OkStatus();
        },
        nullptr);
  }
  gate.Open();
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
  EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(CommitQueueTest, AFailingChangeIsUndoneAlone) {
  Gate gate(*queue_);
  Outcome before;
  Outcome failing;
  Outcome after;
  queue_->Commit(Insert(1), before.Teller());
  queue_->Commit(
      [](Connection& connection) -> absl::Status {
        RETURN_IF_ERROR(connection.Run("INSERT INTO t VALUES(2)"));
        return absl::AbortedError("changed my mind");
      },
      failing.Teller());
  queue_->Commit(Insert(3), after.Teller());
  gate.Open();
  EXPECT_TRUE(before.Wait().ok());
  EXPECT_EQ(failing.Wait(), absl::AbortedError("changed my mind"));
  EXPECT_TRUE(after.Wait().ok());
  EXPECT_EQ(QueryInt(*reader_, "SELECT sum(a) FROM t"), 4);
}

TEST_F(CommitQueueTest, AChangeThatFailsAloneRunsOnce) {
  int runs = 0;
  EXPECT_FALSE(
      queue_->CommitDurablyAndWait([&runs](Connection&) { return absl::AbortedError(absl::StrCat(++runs)); }).ok());
  EXPECT_EQ(runs, 1);
}

TEST_F(CommitQueueTest, ChangesBesideOneThatFailsRunAgainFromTheSameState) {
  std::vector<int64_t> rows;
  Outcome counted;
  {
    Gate gate(*queue_);
    queue_->Commit(
        [this, &rows](Connection& connection) -> absl::Status {
          rows.push_back(QueryInt(connection, "SELECT count(*) FROM t"));
          return Insert(1)(connection);
        },
        counted.Teller());
    queue_->Commit([](Connection&) { return absl::AbortedError("no"); }, nullptr);
  }
  EXPECT_TRUE(counted.Wait().ok());
  EXPECT_THAT(rows, ElementsAre(0, 0));
  EXPECT_EQ(Rows(), 1);
}

TEST_F(CommitQueueTest, AnErrorOfADurableChangeIsToldOnce) {
  EXPECT_TRUE(queue_->CommitDurablyAndWait(Insert(1)).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(queue_->CommitDurablyAndWait(Insert(1))));
}

TEST_F(CommitQueueTest, CommittedIsToldBeforeDurable) {
  std::atomic<int> committed_when_durable = -1;
  std::atomic<int> committed = 0;
  Outcome durable;
  queue_->CommitDurably(
      Insert(1),
      [&](absl::Status status) {
        committed_when_durable = committed.load();
        durable.Teller()(std::move(status));
      },
      [&](absl::Status) { ++committed; });
  EXPECT_TRUE(durable.Wait().ok());
  EXPECT_EQ(committed_when_durable, 1);
}

TEST_F(CommitQueueTest, PortionsAreCommitsOfTheirOwnUntilOneDoesNothing) {
  std::vector<int64_t> seen;
  const absl::Status status = queue_->CommitInPortions([&](Connection& connection) -> absl::StatusOr<int64_t> {
    const auto done = static_cast<int64_t>(seen.size());
    seen.push_back(Rows());
    if (done == 3) return 0;
    RETURN_IF_ERROR(connection.Run(absl::StrCat("INSERT INTO t VALUES(", done, ")")));
    return 1;
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3));
}

TEST_F(CommitQueueTest, AnErrorEndsThePortions) {
  const absl::Status status = queue_->CommitInPortions([](Connection& connection) -> absl::StatusOr<int64_t> {
    const int64_t rows = QueryInt(connection, "SELECT count(*) FROM t");
    if (rows == 2) return absl::AbortedError("enough");
    RETURN_IF_ERROR(Insert(static_cast<int>(rows))(connection));
    return 1;
  });
  EXPECT_EQ(status, absl::AbortedError("enough"));
  EXPECT_EQ(Rows(), 2);
}

TEST_F(CommitQueueTest, DestructionWritesWhatIsQueued) {
  Outcome last;
  {
    Gate gate(*queue_);
    for (int i = 0; i < 100; ++i) queue_->Commit(Insert(i), nullptr);
    queue_->CommitDurably(Insert(100), last.Teller());
  }
  queue_.reset();
  EXPECT_TRUE(last.told());
  EXPECT_TRUE(last.Wait().ok());
  EXPECT_EQ(Rows(), 101);
}

TEST_F(CommitQueueTest, QueuedCountsWhatWaitsAndWhatIsBeingWritten) {
  Gate gate(*queue_);
  EXPECT_EQ(queue_->queued(), 1);
  queue_->Commit(Nothing, nullptr);
  EXPECT_EQ(queue_->queued(), 2);
  gate.Open();
  while (queue_->queued() > 0) std::this_thread::yield();
}

TEST_F(CommitQueueTest, ManyThreadsCommitEachChangeOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  std::atomic<int> told = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        queue_->Commit(Insert(t * kEach + i), [&](const absl::Status& status) { told += status.ok() ? 1 : 0; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
  EXPECT_EQ(told, kThreads * kEach);
  EXPECT_EQ(Rows(), kThreads * kEach);
}

TEST_F(CommitQueueTest, TheLogDoesNotGrowWithoutEnd) {
  // 160 MB of changes in groups of 1 MB; the log is to be moved into the database meanwhile.
  ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE large(a)"); }).ok());
  for (int i = 0; i < 160; ++i) {
    ASSERT_TRUE(
        queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("INSERT INTO large VALUES(zeroblob(1000000))"); })
            .ok());
  }
  EXPECT_LT(std::filesystem::file_size(folder_.Database() + "-wal"), 110'000'000);
}

// A disk that is full beyond a number of pages which the test can raise: the first change of the group sets the limit, each time it runs.
class FullDiskTest : public CommitQueueTest {
 protected:
  // The queue tells what is here.
  ~FullDiskTest() override { queue_.reset(); }

  static constexpr int kSmall = 100;
  static constexpr int kLarge = 1'000'000;

  void QueueGroup() {
    Gate gate(*queue_);
    queue_->Commit(
        [this](Connection& connection) {
          tries_.fetch_add(1);
          return connection.Run(absl::StrCat("PRAGMA max_page_count = ", pages_.load()));
        },
        nullptr);
    queue_->Commit(Insert(1), small_.Teller());
    queue_->Commit([](Connection& c) { return c.Run("INSERT INTO t VALUES(zeroblob(2000000))"); }, large_.Teller());
    queue_->CommitDurably(Insert(2), durable_.Teller());
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
  queue_->Commit(Insert(3), later.Teller());
  pages_ = kLarge;
  EXPECT_TRUE(later.Wait().ok());
  EXPECT_EQ(Rows(), 4);
}

TEST_F(FullDiskTest, ReadsGoOn) {
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Insert(7)).ok());
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
  EXPECT_TRUE(queue_->CommitDurablyAndWait(Insert(1)).ok());
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
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Insert(1)).ok());
  EXPECT_FALSE(queue_->CommitDurablyAndWait([](Connection&) { return absl::AbortedError("no"); }).ok());
  EXPECT_EQ(queue_->committed(), before + 1);
  int64_t syncs = 0;
  for (const int64_t count : queue_->sync_durations().Read().counts) syncs += count;
  EXPECT_GE(syncs, 1);
}

}  // namespace
}  // namespace trainyard
