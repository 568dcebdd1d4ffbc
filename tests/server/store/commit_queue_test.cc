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
#include "tests/server/store/queue_fixture.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

using CommitQueueTest = QueueFixture;

TEST_F(CommitQueueTest, ACommittedChangeIsSeenByReaders) {
  Outcome committed;
  queue_->Commit(InsertRow(1), committed.Teller());
  EXPECT_TRUE(committed.Wait().ok());
  EXPECT_EQ(Rows(), 1);
}

TEST_F(CommitQueueTest, WhatIsQueuedMeanwhileIsOneTransaction) {
  WriterGate gate(*queue_);
  Outcome first;
  Outcome last;
  int64_t seen_by_last = -1;
  queue_->Commit(InsertRow(1), first.Teller());
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
  WriterGate gate(*queue_);
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
  WriterGate gate(*queue_);
  Outcome before;
  Outcome failing;
  Outcome after;
  queue_->Commit(InsertRow(1), before.Teller());
  queue_->Commit(
      [](Connection& connection) -> absl::Status {
        RETURN_IF_ERROR(connection.Run("INSERT INTO t VALUES(2)"));
        return absl::AbortedError("changed my mind");
      },
      failing.Teller());
  queue_->Commit(InsertRow(3), after.Teller());
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
    WriterGate gate(*queue_);
    queue_->Commit(
        [&rows](Connection& connection) -> absl::Status {
          rows.push_back(QueryInt(connection, "SELECT count(*) FROM t"));
          return InsertRow(1)(connection);
        },
        counted.Teller());
    queue_->Commit([](Connection&) { return absl::AbortedError("no"); }, nullptr);
  }
  EXPECT_TRUE(counted.Wait().ok());
  EXPECT_THAT(rows, ElementsAre(0, 0));
  EXPECT_EQ(Rows(), 1);
}

TEST_F(CommitQueueTest, AnErrorOfADurableChangeIsToldOnce) {
  EXPECT_TRUE(queue_->CommitDurablyAndWait(InsertRow(1)).ok());
  EXPECT_TRUE(absl::IsAlreadyExists(queue_->CommitDurablyAndWait(InsertRow(1))));
}

TEST_F(CommitQueueTest, CommittedIsToldBeforeDurable) {
  std::atomic<int> committed_when_durable = -1;
  std::atomic<int> committed = 0;
  Outcome durable;
  queue_->CommitDurably(
      InsertRow(1),
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
    RETURN_IF_ERROR(InsertRow(static_cast<int>(rows))(connection));
    return 1;
  });
  EXPECT_EQ(status, absl::AbortedError("enough"));
  EXPECT_EQ(Rows(), 2);
}

TEST_F(CommitQueueTest, DestructionWritesWhatIsQueued) {
  Outcome last;
  {
    WriterGate gate(*queue_);
    for (int i = 0; i < 100; ++i) queue_->Commit(InsertRow(i), nullptr);
    queue_->CommitDurably(InsertRow(100), last.Teller());
  }
  queue_.reset();
  EXPECT_TRUE(last.told());
  EXPECT_TRUE(last.Wait().ok());
  EXPECT_EQ(Rows(), 101);
}

TEST_F(CommitQueueTest, QueuedCountsWhatWaitsAndWhatIsBeingWritten) {
  WriterGate gate(*queue_);
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
        queue_->Commit(InsertRow(t * kEach + i), [&](const absl::Status& status) { told += status.ok() ? 1 : 0; });
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

}  // namespace
}  // namespace trainyard
