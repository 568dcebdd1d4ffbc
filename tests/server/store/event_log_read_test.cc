#include <sqlite3.h>

#include <atomic>
#include <vector>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::Each;
using testing::ElementsAre;

// Counts the statements that connections opened while it lives run.
class StatementCount {
 public:
  StatementCount() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(Watch)); }
  ~StatementCount() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(Watch)); }

  void Restart() { count_ = 0; }
  int count() const { return count_; }

 private:
  static int Watch(sqlite3* db, const char**, const void*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, Count, nullptr);
  }
  static int Count(unsigned, void*, void*, void*) {
    ++count_;
    return 0;
  }

  static inline std::atomic<int> count_ = 0;
};

TEST_F(EventLogTest, AnEmptyLogReadsAsNothing) {
  const LogPage page = log_->Read(kJob, 1, 10).value();
  EXPECT_THAT(page.entries, ElementsAre());
  EXPECT_EQ(page.oldest, 1);
  EXPECT_EQ(page.newest, 0);
  EXPECT_FALSE(page.ended);
}

TEST_F(EventLogTest, APageBeginsAtFromAndEndsAtLimit) {
  AppendSteps(10);
  EXPECT_THAT(Sequences(log_->Read(kJob, 4, 3).value()), ElementsAre(4, 5, 6));
  EXPECT_THAT(Sequences(*log_->ReadFromMemory(kJob, 9, 100).value()), ElementsAre(9, 10));
}

TEST_F(EventLogTest, OneBeyondTheNewestIsNothingYet) {
  AppendSteps(2);
  EXPECT_THAT(log_->ReadFromMemory(kJob, 3, 10).value().value().entries, ElementsAre());
}

TEST_F(EventLogTest, CursorsOutsideAreOutOfRangeWithTheNumbersKept) {
  AppendSteps(2);
  for (const int64_t from : {-1, 0, 4}) {
    for (const absl::Status& status :
         {log_->Read(kJob, from, 10).status(), log_->ReadFromMemory(kJob, from, 10).status()}) {
      EXPECT_TRUE(absl::IsOutOfRange(status)) << status;
      EXPECT_EQ(ErrorReason(status), "SEQUENCE_NOT_KEPT");
      EXPECT_EQ(ErrorMetadata(status)["oldest"], "1");
      EXPECT_EQ(ErrorMetadata(status)["newest"], "2");
    }
  }
}

TEST_F(EventLogTest, ReadBelowTheOldestKeptIsOutOfRange) {
  AppendSteps(5);
  ASSERT_TRUE(
      queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM events WHERE seq < 3"); }).ok());
  Reopen();
  EXPECT_TRUE(absl::IsOutOfRange(log_->Read(kJob, 2, 10).status()));
  EXPECT_THAT(Sequences(log_->Read(kJob, 3, 10).value()), ElementsAre(3, 4, 5));
  EXPECT_EQ(log_->Read(kJob, 3, 10).value().oldest, 3);
}

TEST_F(EventLogTest, AJobThatWasNeverReadIsNotInMemory) {
  AppendSteps(1);
  EXPECT_FALSE(log_->ReadFromMemory(1234, 1, 10).value().has_value());
}

TEST_F(EventLogTest, EventsFromBeforeReopeningAreReadFromDisk) {
  AppendSteps(3);
  Reopen();
  log_->Append(kJob, Step(3));
  Drain();
  EXPECT_FALSE(log_->ReadFromMemory(kJob, 3, 10).value().has_value());
  EXPECT_THAT(Sequences(*log_->ReadFromMemory(kJob, 4, 10).value()), ElementsAre(4));
  EXPECT_THAT(Sequences(log_->Read(kJob, 1, 10).value()), ElementsAre(1, 2, 3, 4));
}

TEST_F(EventLogTest, MemoryHoldsTheNewest2048Events) {
  AppendSteps(2050);
  EXPECT_FALSE(log_->ReadFromMemory(kJob, 2, 1).value().has_value());
  EXPECT_TRUE(log_->ReadFromMemory(kJob, 3, 1).value().has_value());
  EXPECT_THAT(Sequences(log_->Read(kJob, 2, 2).value()), ElementsAre(2, 3));
}

TEST_F(EventLogTest, MemoryHoldsOneMebibyteOfAJob) {
  AppendSteps(20, 100'000);
  EXPECT_FALSE(log_->ReadFromMemory(kJob, 10, 1).value().has_value());
  EXPECT_TRUE(log_->ReadFromMemory(kJob, 11, 1).value().has_value());
}

TEST_F(EventLogTest, BeyondTheBudgetJobsThatGrewLongestAgoAreLeftToTheDisk) {
  Reopen({.memory_budget = 250'000});
  for (const JobKey job : {1, 2, 3}) {
    ASSERT_TRUE(log_->Load(job).ok());
    log_->Append(job, Step(0, 100'000));
    Drain();
  }
  EXPECT_FALSE(log_->ReadFromMemory(1, 1, 1).value().has_value());
  EXPECT_TRUE(log_->ReadFromMemory(2, 1, 1).value().has_value());
  EXPECT_TRUE(log_->ReadFromMemory(3, 1, 1).value().has_value());
  EXPECT_THAT(Sequences(log_->Read(1, 1, 1).value()), ElementsAre(1));
}

TEST_F(EventLogTest, APageFromDiskHasAtMostTwoMebibytesOrOneEvent) {
  AppendSteps(60, 100'000);
  log_->Append(kJob, Step(60, kMostPageBytes));
  Drain();
  Reopen();
  EXPECT_EQ(log_->Read(kJob, 1, 1000).value().entries.size(), kMostPageBytes / 100'000);
  EXPECT_THAT(Sequences(log_->Read(kJob, 61, 1000).value()), ElementsAre(61));
}

TEST_F(EventLogTest, AnEventReadFromMemoryIsSharedAndEqualToTheStoredOne) {
  AppendSteps(1);
  const LogEntry first = log_->ReadFromMemory(kJob, 1, 1).value().value().entries[0];
  const LogEntry second = log_->ReadFromMemory(kJob, 1, 1).value().value().entries[0];
  EXPECT_EQ(first.event, second.event);
  Reopen();
  EXPECT_EQ(*log_->Read(kJob, 1, 1).value().entries[0].event, *first.event);
}

TEST_F(EventLogTest, NewestIsThatOfEachJobWhereverItIs) {
  for (const JobKey job : {11, 12, 13}) {
    ASSERT_TRUE(log_->Load(job).ok());
    for (int i = 10; i < job; ++i) log_->Append(job, Step(i));
  }
  AppendSteps(5);
  Reopen();
  log_->Append(kJob, Step(5));
  ASSERT_TRUE(log_->Load(12).ok());
  Drain();
  WriterGate gate(*queue_);
  log_->Append(kJob, Step(6));  // not committed
  const std::vector<JobKey> jobs = {13, kJob, 99, 12, 11, 13};
  const std::vector<int64_t> newest = log_->Newest(jobs).value();
  EXPECT_THAT(newest, ElementsAre(3, 6, 0, 2, 1, 3));
  for (size_t i = 0; i < jobs.size(); ++i) EXPECT_EQ(newest[i], log_->Read(jobs[i], 1, 1).value().newest);
}

TEST_F(EventLogTest, NewestOfNoJobsIsNothing) { EXPECT_THAT(log_->Newest({}).value(), ElementsAre()); }

TEST_F(EventLogTest, NewestDoesNotLoad) {
  ASSERT_TRUE(log_->Newest(std::vector<JobKey>{99}).ok());
  EXPECT_EQ(log_->Append(99, Step(0)), 0);
}

TEST_F(EventLogTest, NewestOfAThousandJobsIsOneStatement) {
  std::vector<JobKey> jobs;
  for (JobKey job = 1001; job <= 2000; ++job) {
    ASSERT_TRUE(log_->Load(job).ok());
    log_->Append(job, Step(0));
    jobs.push_back(job);
  }
  Drain();
  StatementCount statements;
  Reopen();
  Drain();
  ASSERT_TRUE(log_->Newest(jobs).ok());  // opens the connection
  statements.Restart();
  EXPECT_THAT(log_->Newest(jobs).value(), Each(1));
  EXPECT_EQ(statements.count(), 1);
}

TEST_F(EventLogTest, ALogThatIsBeingDeletedIsNotFound) {
  AppendSteps(3);
  Reopen();
  ASSERT_TRUE(
      queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM events WHERE seq < 3"); }).ok());
  EXPECT_TRUE(absl::IsNotFound(log_->Read(kJob, 1, 10).status()));
}

TEST_F(EventLogTest, UncommittedBytesAreThoseThatWait) {
  WriterGate gate(*queue_);
  log_->Append(kJob, Step(0, 1000));
  log_->Append(kJob, Step(1, 1000));
  EXPECT_GE(log_->UncommittedBytes(kJob), 2000);
  EXPECT_LE(log_->UncommittedBytes(kJob), 2100);
  gate.Open();
  Drain();
  EXPECT_EQ(log_->UncommittedBytes(kJob), 0);
}

}  // namespace
}  // namespace trainyard
