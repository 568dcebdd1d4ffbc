#include "server/store/event_log.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

constexpr JobKey kJob = 7;

v1::Event Step(int64_t step, size_t padding = 0) {
  v1::Event event;
  event.set_step(step);
  event.mutable_warning()->set_message(std::string(padding, 'x'));
  return event;
}

v1::Event Terminal(v1::State state) {
  v1::Event event;
  event.mutable_state_changed()->set_state(state);
  return event;
}

v1::Event Parse(const LogEntry& entry) {
  v1::Event event;
  EXPECT_TRUE(event.ParseFromString(*entry.event));
  return event;
}

// The news of an observer, as text.
class Observer : public LogObserver {
 public:
  void OnNews(JobKey job, int64_t newest) override {
    std::unique_lock lock(mutex_);
    ++calls_;
    newest_[job] = newest;
    changed_.notify_all();
    may_return_.wait(lock, [this] { return !held_; });
  }
  void AwaitNewest(JobKey job, int64_t newest) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return newest_.contains(job) && newest_[job] == newest; });
  }
  void Hold() { Set(true); }
  void Release() { Set(false); }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  void Set(bool held) {
    std::lock_guard lock(mutex_);
    held_ = held;
    may_return_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable may_return_;
  std::map<JobKey, int64_t> newest_;
  int calls_ = 0;
  bool held_ = false;
};

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() { Reopen(); }

  void Reopen(EventLogOptions options = {}) {
    log_.reset();
    queue_.reset();
    queue_ = CommitQueue::Open(folder_.Database()).value();
    log_ = std::make_unique<EventLog>(
        folder_.Database(), *queue_, [] { return absl::FromUnixMillis(1500); }, options);
    EXPECT_TRUE(log_->Load(kJob).ok());
  }
  void Drain() { ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok()); }
  void AppendSteps(int count, size_t padding = 0) {
    for (int i = 0; i < count; ++i) log_->Append(kJob, Step(i, padding));
    Drain();
  }
  std::vector<int64_t> Sequences(const LogPage& page) {
    std::vector<int64_t> sequences;
    for (const LogEntry& entry : page.entries) sequences.push_back(entry.sequence);
    return sequences;
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(EventLogTest, NumbersStartAtOneAndRiseByOne) {
  EXPECT_EQ(log_->Append(kJob, Step(0)), 1);
  EXPECT_EQ(log_->Append(kJob, Step(1)), 2);
  Drain();
  EXPECT_THAT(Sequences(log_->Read(kJob, 1, 10).value()), ElementsAre(1, 2));
}

TEST_F(EventLogTest, TheEventCarriesItsNumberAndTheTime) {
  AppendSteps(1);
  const v1::Event event = Parse(log_->Read(kJob, 1, 1).value().entries[0]);
  EXPECT_EQ(event.sequence(), 1);
  EXPECT_EQ(event.time().seconds(), 1);
  EXPECT_EQ(event.time().nanos(), 500'000'000);
}

TEST_F(EventLogTest, ATimeThatIsSetIsKept) {
  v1::Event event = Step(0);
  event.mutable_time()->set_seconds(42);
  log_->Append(kJob, event);
  Drain();
  EXPECT_EQ(Parse(log_->Read(kJob, 1, 1).value().entries[0]).time().seconds(), 42);
}

TEST_F(EventLogTest, JobsAreNumberedApart) {
  ASSERT_TRUE(log_->Load(8).ok());
  EXPECT_EQ(log_->Append(kJob, Step(0)), 1);
  EXPECT_EQ(log_->Append(8, Step(0)), 1);
}

TEST_F(EventLogTest, AnEventIsNotVisibleBeforeItIsCommitted) {
  Gate gate(*queue_);
  log_->Append(kJob, Step(0));
  EXPECT_EQ(log_->ReadFromMemory(kJob, 1, 10).value().value().newest, 0);
  EXPECT_THAT(log_->Read(kJob, 1, 10).value().entries, ElementsAre());
  gate.Open();
  Drain();
  EXPECT_EQ(log_->Read(kJob, 1, 10).value().newest, 1);
}

TEST_F(EventLogTest, WhatIsVisibleIsCommitted) {
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  std::atomic<bool> done = false;
  std::thread appender([&] {
    for (int i = 0; i < 500; ++i) log_->Append(kJob, Step(i));
    done = true;
  });
  int64_t newest = 0;
  while (!done || newest < 500) {
    newest = log_->ReadFromMemory(kJob, newest + 1, 0).value().value().newest;
    EXPECT_GE(QueryInt(*reader, "SELECT count(*) FROM events"), newest);
  }
  appender.join();
}

TEST_F(EventLogTest, CommittedIsToldWhenTheEventIsVisible) {
  std::atomic<int64_t> newest = 0;
  Outcome committed;
  log_->Append(kJob, Step(0), nullptr, [&](absl::Status status) {
    newest = log_->ReadFromMemory(kJob, 1, 1).value().value().newest;
    committed.Teller()(std::move(status));
  });
  EXPECT_TRUE(committed.Wait().ok());
  EXPECT_EQ(newest, 1);
}

TEST_F(EventLogTest, DurableIsToldWhenTheEventIsVisible) {
  std::atomic<int64_t> newest = 0;
  Outcome durable;
  EXPECT_EQ(log_->AppendDurably(kJob, Step(0), nullptr,
                                [&](absl::Status status) {
                                  newest = log_->ReadFromMemory(kJob, 1, 1).value().value().newest;
                                  durable.Teller()(std::move(status));
                                }),
            1);
  EXPECT_TRUE(durable.Wait().ok());
  EXPECT_EQ(newest, 1);
}

TEST_F(EventLogTest, AChangeJoinsTheTransaction) {
  Outcome committed;
  log_->Append(
      kJob, Step(0), [](Connection& c) { return c.Run("CREATE TABLE beside(a)"); }, committed.Teller());
  EXPECT_TRUE(committed.Wait().ok());
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  EXPECT_EQ(QueryInt(*reader, "SELECT count(*) FROM sqlite_schema WHERE name = 'beside'"), 1);
}

TEST_F(EventLogTest, AnErrorOfTheChangeUndoesTheEventAndGivesItsNumberOutAgain) {
  Outcome committed;
  log_->Append(
      kJob, Step(0), [](Connection&) { return absl::NotFoundError("no such job"); }, committed.Teller());
  EXPECT_EQ(committed.Wait(), absl::NotFoundError("no such job"));
  EXPECT_EQ(log_->UncommittedBytes(kJob), 0);
  EXPECT_EQ(log_->Append(kJob, Step(1)), 1);
  Drain();
  EXPECT_EQ(Parse(log_->Read(kJob, 1, 1).value().entries[0]).step(), 1);
}

TEST_F(EventLogTest, AnErrorTakesTheEventsNumberedMeanwhileWithIt) {
  Gate gate(*queue_);
  Outcome before;
  Outcome failing;
  Outcome after;
  log_->Append(kJob, Step(0), nullptr, before.Teller());
  log_->Append(
      kJob, Step(1), [](Connection&) { return absl::NotFoundError(""); }, failing.Teller());
  log_->Append(kJob, Step(2), nullptr, after.Teller());
  gate.Open();
  EXPECT_TRUE(before.Wait().ok());
  EXPECT_TRUE(absl::IsNotFound(failing.Wait()));
  EXPECT_TRUE(absl::IsAborted(after.Wait()));
  EXPECT_EQ(log_->Append(kJob, Step(3)), 2);
  Drain();
  EXPECT_THAT(Sequences(log_->Read(kJob, 1, 10).value()), ElementsAre(1, 2));
}

TEST_F(EventLogTest, NothingFollowsATerminalEvent) {
  for (const v1::State state : {v1::STATE_SUCCEEDED, v1::STATE_FAILED, v1::STATE_CANCELLED}) {
    ASSERT_TRUE(log_->Load(100 + state).ok());
    EXPECT_EQ(log_->Append(100 + state, Terminal(state)), 1);
    Outcome refused;
    EXPECT_EQ(log_->Append(100 + state, Step(0), nullptr, refused.Teller()), 0);
    EXPECT_TRUE(absl::IsFailedPrecondition(refused.Wait()));
    EXPECT_TRUE(log_->Read(100 + state, 1, 10).value().ended);
    EXPECT_EQ(log_->Read(100 + state, 1, 10).value().newest, 1);
  }
}

TEST_F(EventLogTest, OtherStatesDoNotEndTheLog) {
  log_->Append(kJob, Terminal(v1::STATE_PAUSED));
  EXPECT_EQ(log_->Append(kJob, Terminal(v1::STATE_RUNNING)), 2);
  Drain();
  EXPECT_FALSE(log_->Read(kJob, 1, 10).value().ended);
}

TEST_F(EventLogTest, AppendingBeforeLoadIsRefused) {
  Outcome refused;
  EXPECT_EQ(log_->Append(99, Step(0), nullptr, refused.Teller()), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.Wait()));
}

TEST_F(EventLogTest, NumbersGoOnAfterReopening) {
  AppendSteps(3);
  Reopen();
  EXPECT_EQ(log_->Append(kJob, Step(3)), 4);
}

TEST_F(EventLogTest, AnEndedLogIsEndedAfterReopening) {
  log_->Append(kJob, Terminal(v1::STATE_FAILED));
  Drain();
  Reopen();
  EXPECT_TRUE(log_->Read(kJob, 1, 10).value().ended);
  EXPECT_EQ(log_->Append(kJob, Step(0)), 0);
}

TEST_F(EventLogTest, ChangesQueuedWhenTheLogGoesAreWritten) {
  {
    Gate gate(*queue_);
    log_->Append(kJob, Step(0));
    log_.reset();
  }
  Reopen();
  EXPECT_EQ(log_->Read(kJob, 1, 10).value().newest, 1);
}

TEST_F(EventLogTest, EightThreadsLeaveNoGap) {
  constexpr int kThreads = 8;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  std::atomic<int64_t> sum = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) sum += log_->Append(kJob, Step(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  Drain();
  constexpr int64_t kAll = kThreads * kEach;
  EXPECT_EQ(sum, kAll * (kAll + 1) / 2);
  Reopen();
  const LogPage page = log_->Read(kJob, 1, kAll + 1).value();
  ASSERT_EQ(page.entries.size(), kAll);
  for (int64_t i = 0; i < kAll; ++i) EXPECT_EQ(Parse(page.entries[i]).sequence(), i + 1);
}

// ---- Reading

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

TEST_F(EventLogTest, APageFromDiskEndsAfterFourMebibytes) {
  AppendSteps(60, 100'000);
  Reopen();
  EXPECT_EQ(log_->Read(kJob, 1, 1000).value().entries.size(), 42);
}

TEST_F(EventLogTest, AnEventReadFromMemoryIsSharedAndEqualToTheStoredOne) {
  AppendSteps(1);
  const LogEntry first = log_->ReadFromMemory(kJob, 1, 1).value().value().entries[0];
  const LogEntry second = log_->ReadFromMemory(kJob, 1, 1).value().value().entries[0];
  EXPECT_EQ(first.event, second.event);
  Reopen();
  EXPECT_EQ(*log_->Read(kJob, 1, 1).value().entries[0].event, *first.event);
}

TEST_F(EventLogTest, ALogThatIsBeingDeletedIsNotFound) {
  AppendSteps(3);
  Reopen();
  ASSERT_TRUE(
      queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM events WHERE seq < 3"); }).ok());
  EXPECT_TRUE(absl::IsNotFound(log_->Read(kJob, 1, 10).status()));
}

TEST_F(EventLogTest, UncommittedBytesAreThoseThatWait) {
  Gate gate(*queue_);
  log_->Append(kJob, Step(0, 1000));
  log_->Append(kJob, Step(1, 1000));
  EXPECT_GE(log_->UncommittedBytes(kJob), 2000);
  EXPECT_LE(log_->UncommittedBytes(kJob), 2100);
  gate.Open();
  Drain();
  EXPECT_EQ(log_->UncommittedBytes(kJob), 0);
}

// ---- Observers

TEST_F(EventLogTest, AnObserverIsToldOfItsJob) {
  const auto observer = std::make_shared<Observer>();
  log_->Subscribe(kJob, observer);
  AppendSteps(3);
  observer->AwaitNewest(kJob, 3);
}

TEST_F(EventLogTest, AnObserverOfAllJobsIsToldOfEach) {
  const auto observer = std::make_shared<Observer>();
  log_->Subscribe(std::nullopt, observer);
  ASSERT_TRUE(log_->Load(8).ok());
  log_->Append(kJob, Step(0));
  log_->Append(8, Step(0));
  observer->AwaitNewest(kJob, 1);
  observer->AwaitNewest(8, 1);
}

TEST_F(EventLogTest, AnObserverIsNotToldOfOtherJobs) {
  const auto observer = std::make_shared<Observer>();
  const auto witness = std::make_shared<Observer>();
  log_->Subscribe(8, observer);
  log_->Subscribe(kJob, witness);
  AppendSteps(3);
  witness->AwaitNewest(kJob, 3);
  EXPECT_EQ(observer->calls(), 0);
}

TEST_F(EventLogTest, WhatIsToldCanBeRead) {
  class Reader : public LogObserver {
   public:
    explicit Reader(EventLog& log) : log_(log) {}
    void OnNews(JobKey job, int64_t newest) override {
      if (log_.ReadFromMemory(job, 1, 0).value().value().newest < newest) ++early_;
      if (newest == 100) done_.Notify();
    }
    EventLog& log_;
    std::atomic<int> early_ = 0;
    absl::Notification done_;
  };
  const auto reader = std::make_shared<Reader>(*log_);
  log_->Subscribe(kJob, reader);
  AppendSteps(100);
  reader->done_.WaitForNotification();
  EXPECT_EQ(reader->early_, 0);
}

TEST_F(EventLogTest, ABusyObserverIsToldOfTheLastOnlyAndNeverSlowsTheWriter) {
  const auto observer = std::make_shared<Observer>();
  observer->Hold();
  log_->Subscribe(kJob, observer);
  AppendSteps(1);
  observer->AwaitNewest(kJob, 1);
  AppendSteps(500);  // returns although the observer does not
  observer->Release();
  observer->AwaitNewest(kJob, 501);
  EXPECT_EQ(observer->calls(), 2);
}

TEST_F(EventLogTest, AfterUnsubscribingAtMostOneCallComes) {
  const auto observer = std::make_shared<Observer>();
  const auto witness = std::make_shared<Observer>();
  log_->Subscribe(kJob, observer);
  log_->Subscribe(std::nullopt, observer);
  log_->Subscribe(kJob, witness);
  log_->Unsubscribe(observer.get());
  AppendSteps(1);
  witness->AwaitNewest(kJob, 1);
  EXPECT_LE(observer->calls(), 1);
  EXPECT_EQ(observer.use_count(), 1);
}

TEST_F(EventLogTest, ForgettingTellsObserversOfNumberZero) {
  const auto observer = std::make_shared<Observer>();
  AppendSteps(2);
  log_->Subscribe(kJob, observer);
  log_->Forget(kJob);
  observer->AwaitNewest(kJob, 0);
}

TEST_F(EventLogTest, AForgottenJobIsReadAnew) {
  AppendSteps(2);
  ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("DELETE FROM events"); }).ok());
  log_->Forget(kJob);
  EXPECT_FALSE(log_->ReadFromMemory(kJob, 1, 1).value().has_value());
  EXPECT_EQ(log_->Read(kJob, 1, 1).value().newest, 0);
}

// ---- A full disk

TEST_F(EventLogTest, OnAFullDiskNothingIsVisibleAndNothingIsLost) {
  std::atomic<int> pages = 100;
  {
    Gate gate(*queue_);
    queue_->Commit(
        [&](Connection& connection) { return connection.Run(absl::StrCat("PRAGMA max_page_count = ", pages.load())); },
        nullptr);
    for (int i = 0; i < 100; ++i) log_->Append(kJob, Step(i, 10'000));
  }
  while (!queue_->storage_full()) std::this_thread::yield();
  EXPECT_EQ(log_->ReadFromMemory(kJob, 1, 10).value().value().newest, 0);
  EXPECT_GE(log_->UncommittedBytes(kJob), 1'000'000);
  pages = 1'000'000;
  Drain();
  Reopen();
  const LogPage page = log_->Read(kJob, 1, 1000).value();
  ASSERT_EQ(page.entries.size(), 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Parse(page.entries[i]).step(), i);
}

}  // namespace
}  // namespace trainyard
