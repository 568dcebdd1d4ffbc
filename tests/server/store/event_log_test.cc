#include "server/store/event_log.h"

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

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
  WriterGate gate(*queue_);
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
  WriterGate gate(*queue_);
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

TEST_F(EventLogTest, AnErrorOfTheWriteUndoesTheChangeAsWell) {
  ASSERT_TRUE(queue_
                  ->CommitDurablyAndWait([](Connection& c) {
                    return c.Run(absl::StrCat("INSERT INTO events VALUES(", kJob, ", 1, 1, 1, '')"));
                  })
                  .ok());
  Outcome committed;
  log_->Append(
      kJob, Step(0), [](Connection& c) { return c.Run("CREATE TABLE beside(a)"); }, committed.Teller());
  EXPECT_TRUE(absl::IsAlreadyExists(committed.Wait()));
  EXPECT_EQ(log_->UncommittedBytes(kJob), 0);
  const std::unique_ptr<Connection> reader = Connection::Open(folder_.Database()).value();
  EXPECT_EQ(QueryInt(*reader, "SELECT count(*) FROM sqlite_schema WHERE name = 'beside'"), 0);
}

TEST_F(EventLogTest, DurableIsToldOfErrors) {
  Outcome failing;
  EXPECT_EQ(log_->AppendDurably(
                kJob, Step(0), [](Connection&) { return absl::NotFoundError(""); }, failing.Teller()),
            1);
  EXPECT_TRUE(absl::IsNotFound(failing.Wait()));
  Outcome refused;
  EXPECT_EQ(log_->AppendDurably(99, Step(0), nullptr, refused.Teller()), 0);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.Wait()));
}

TEST_F(EventLogTest, ATerminalEventThatWasUndoneDoesNotEndTheLog) {
  Outcome failing;
  log_->Append(
      kJob, Terminal(v1::STATE_FAILED), [](Connection&) { return absl::NotFoundError(""); }, failing.Teller());
  EXPECT_FALSE(failing.Wait().ok());
  EXPECT_EQ(log_->Append(kJob, Step(0)), 1);
  Drain();
  EXPECT_FALSE(log_->Read(kJob, 1, 10).value().ended);
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
    WriterGate gate(*queue_);
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

TEST_F(EventLogTest, OnAFullDiskNothingIsVisibleAndNothingIsLost) {
  std::atomic<int> pages = 100;
  {
    WriterGate gate(*queue_);
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
