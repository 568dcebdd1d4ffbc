// Errors of the disk below SQLite: what was told stays, what was not yet told is written once the disk writes again, and nobody is told
// that something is written which is not.

#include <fcntl.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/temporary_store.h"
#include "tests/testing/intercepted_disk.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
struct WriteFault {
  std::string name;
  FailingDisk::Fault fault;
};

std::vector<WriteFault> WriteFaults() {
  std::vector<WriteFault> faults;
  for (const auto& [name, code] : {std::pair("NoSpace", SQLITE_FULL), std::pair("InputOutput", SQLITE_IOERR_WRITE)}) {
    for (const bool torn : {false, true}) {
      for (const int after : {0, 1, 5}) {
        faults.push_back({.name = absl::StrCat(name, torn ? "Torn" : "", "After", after),
                          .fault = {.code = code, .after = after, .torn = torn}});
      }
    }
  }
  return faults;
}

class FailingDiskTest : public testing::Test {
 protected:
  using Kind = InterceptedDisk::Kind;
  using Call = FailingDisk::Call;

  static constexpr JobKey kJob = 1;

  FailingDiskTest()
      : queue_(CommitQueue::Open(folder_.Database()).value()),
        log_(std::make_unique<EventLog>(folder_.Database(), *queue_)) {
    EXPECT_TRUE(log_->Load(kJob).ok());
  }
  ~FailingDiskTest() override { disk_.Heal(); }

  static v1::Event Warning(std::string message) {
    v1::Event event;
    event.mutable_warning()->set_message(std::move(message));
    return event;
  }
  void AppendAndWait(const std::string& message) {
    Outcome outcome;
    log_->Append(kJob, Warning(message), nullptr, outcome.Teller());
    EXPECT_TRUE(outcome.Wait().ok()) << outcome.Wait();
  }
  std::vector<std::string> Messages() {
    std::vector<std::string> messages;
    LogPage page;
    do {
      page = log_->Read(kJob, static_cast<int64_t>(messages.size()) + 1, 1000).value();
      for (const LogEntry& entry : page.entries) {
        v1::Event event;
        EXPECT_TRUE(event.ParseFromString(*entry.event));
        EXPECT_EQ(event.sequence(), static_cast<int64_t>(messages.size()) + 1);
        messages.push_back(event.warning().message());
      }
    } while (static_cast<int64_t>(messages.size()) < page.newest);
    return messages;
  }
  void Reopen() {
    log_.reset();
    queue_.reset();
    queue_ = CommitQueue::Open(folder_.Database()).value();
    log_ = std::make_unique<EventLog>(folder_.Database(), *queue_);
    const std::unique_ptr<Connection> connection = Connection::Open(folder_.Database()).value();
    Statement check = connection->Prepare("PRAGMA integrity_check").value();
    EXPECT_TRUE(check.Step().value());
    EXPECT_EQ(check.Text(0), "ok");
  }

  // Its pages are in the database alone, and no connection has read them.
  void MakeLargeTable() {
    ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE large(a)"); }).ok());
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(
          queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("INSERT INTO large VALUES(zeroblob(4000))"); })
              .ok());
    }
    Reopen();
    ASSERT_TRUE(log_->Load(kJob).ok());
  }
  static absl::Status ReadLargeTable(Connection& c) { return c.Run("SELECT sum(length(a)) FROM large"); }

  FailingDisk disk_;
  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<EventLog> log_;
};

class FailingWriteTest : public FailingDiskTest, public testing::WithParamInterface<WriteFault> {};

TEST_P(FailingWriteTest, NothingIsToldWhileTheDiskFailsAndAllIsWrittenInOrderAfterwards) {
  AppendAndWait("before");
  disk_.Fail(GetParam().fault);
  Outcome first;
  Outcome second;
  log_->Append(kJob, Warning(std::string(20'000, 'a')), nullptr, first.Teller());
  log_->Append(kJob, Warning("b"), nullptr, second.Teller());
  disk_.AwaitFailed(3);
  EXPECT_FALSE(first.told() || second.told());
  EXPECT_THAT(Messages(), ElementsAre("before"));
  disk_.Heal();
  EXPECT_TRUE(first.Wait().ok()) << first.Wait();
  EXPECT_TRUE(second.Wait().ok()) << second.Wait();
  Reopen();
  EXPECT_THAT(Messages(), ElementsAre("before", std::string(20'000, 'a'), "b"));
}

TEST_P(FailingWriteTest, WhatWasNotToldWhenTheStoreEndsIsNotThere) {
  AppendAndWait("before");
  disk_.Fail(GetParam().fault);
  Outcome outcome;
  log_->Append(kJob, Warning(std::string(20'000, 'a')), nullptr, outcome.Teller());
  disk_.AwaitFailed(1);
  log_.reset();
  queue_.reset();
  EXPECT_FALSE(outcome.Wait().ok());
  disk_.Heal();
  Reopen();
  EXPECT_THAT(Messages(), ElementsAre("before"));
}

INSTANTIATE_TEST_SUITE_P(All, FailingWriteTest, testing::ValuesIn(WriteFaults()),
                         [](const auto& test) { return test.param.name; });

// A large change writes to the disk before its group is committed: then it is the change's statement that fails.
TEST_F(FailingDiskTest, AnErrorOfTheDiskDuringAChangeIsTheGroupsNotTheChanges) {
  ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE large(a)"); }).ok());
  for (const int code : {SQLITE_IOERR_WRITE, SQLITE_FULL}) {
    disk_.Fail({.kind = Kind::kLog, .call = Call::kWrite, .code = code});
    Outcome large;
    Outcome beside;
    {
      WriterGate gate(*queue_);
      queue_->Commit(
          [](Connection& connection) -> absl::Status {
            RETURN_IF_ERROR(connection.Run("PRAGMA cache_size = 10"));
            for (int i = 0; i < 50; ++i) RETURN_IF_ERROR(connection.Run("INSERT INTO large VALUES(zeroblob(20000))"));
            return absl::OkStatus();
          },
          large.Teller());
      log_->Append(kJob, Warning("beside"), nullptr, beside.Teller());
    }
    disk_.AwaitFailed(2);
    EXPECT_FALSE(large.told() || beside.told());
    disk_.Heal();
    EXPECT_TRUE(large.Wait().ok()) << large.Wait();
    EXPECT_TRUE(beside.Wait().ok()) << beside.Wait();
  }
  EXPECT_THAT(Messages(), ElementsAre("beside", "beside"));
}

// What only reads fail for is told to those that need it; the others go on.
TEST_F(FailingDiskTest, APageThatCannotBeReadFailsTheChangeThatNeedsIt) {
  MakeLargeTable();
  AppendAndWait("before");
  disk_.Fail({.kind = Kind::kDatabase, .call = Call::kRead, .code = SQLITE_IOERR_READ});
  Outcome reads;
  queue_->Commit(ReadLargeTable, reads.Teller());
  EXPECT_TRUE(absl::IsInternal(reads.Wait())) << reads.Wait();
  disk_.Heal();
  AppendAndWait("after");
  EXPECT_THAT(Messages(), ElementsAre("before", "after"));
}

TEST_F(FailingDiskTest, AnEventThatTookItsGroupWithItLeavesNoGapInTheLog) {
  MakeLargeTable();
  AppendAndWait("one");
  Outcome two;
  Outcome three;
  Outcome four;
  {
    WriterGate gate(*queue_);
    log_->Append(kJob, Warning("two"), nullptr, two.Teller());
    log_->Append(kJob, Warning("three"), ReadLargeTable, three.Teller());
    log_->Append(kJob, Warning("four"), nullptr, four.Teller());
    disk_.Fail({.kind = Kind::kDatabase, .call = Call::kRead, .code = SQLITE_IOERR_READ});
  }
  EXPECT_TRUE(two.Wait().ok()) << two.Wait();
  EXPECT_TRUE(absl::IsInternal(three.Wait())) << three.Wait();
  EXPECT_TRUE(absl::IsAborted(four.Wait())) << four.Wait();
  disk_.Heal();
  AppendAndWait("five");
  Reopen();
  EXPECT_THAT(Messages(), ElementsAre("one", "two", "five"));
}

TEST_F(FailingDiskTest, AfterASyncThatFailedNothingIsDurableBeforeTheLogIsInTheDatabase) {
  AppendAndWait("before");
  disk_.Fail({.kind = Kind::kLog, .call = Call::kSync, .code = SQLITE_IOERR_FSYNC});
  EXPECT_EQ(ErrorReason(queue_->CommitDurablyAndWait(Nothing)), "STORAGE_FAILED");
  EXPECT_GE(disk_.failed(), 1);
  // The log's syncs are good again: pages that were taken for written then may be lost all the same.
  disk_.Fail({.kind = Kind::kDatabase, .call = Call::kWrite, .code = SQLITE_IOERR_WRITE});
  Outcome doubtful;
  log_->AppendDurably(kJob, Warning("doubtful"), nullptr, doubtful.Teller());
  EXPECT_EQ(ErrorReason(doubtful.Wait()), "STORAGE_FAILED");
  disk_.Heal();
  Outcome durable;
  log_->AppendDurably(kJob, Warning("durable"), nullptr, durable.Teller());
  EXPECT_TRUE(durable.Wait().ok()) << durable.Wait();
  EXPECT_THAT(Messages(), ElementsAre("before", "doubtful", "durable"));
}

// A log that cannot be moved into the database grows, and all goes on.
TEST_F(FailingDiskTest, ADatabaseThatCannotBeWrittenLeavesAllInTheLog) {
  for (const auto& [call, code] : {std::pair(Call::kWrite, SQLITE_IOERR_WRITE), std::pair(Call::kWrite, SQLITE_FULL),
                                   std::pair(Call::kSync, SQLITE_IOERR_FSYNC)}) {
    disk_.Fail({.kind = Kind::kDatabase, .call = call, .code = code, .torn = true});
    const size_t before = Messages().size();
    for (int i = 0; i < 10; ++i) AppendAndWait(std::string(1'000'000, static_cast<char>('a' + i)));
    disk_.AwaitFailed(1);
    EXPECT_EQ(Messages().size(), before + 10);
    disk_.Heal();
  }
  Reopen();
  const std::vector<std::string> messages = Messages();
  ASSERT_EQ(messages.size(), 30u);
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_TRUE(messages[i] == std::string(1'000'000, static_cast<char>('a' + i % 10))) << i;
  }
}

}  // namespace
}  // namespace trainyard
