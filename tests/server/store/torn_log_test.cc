// A write-ahead log whose end is torn off or damaged, as the death of a machine leaves it: exactly the commits before that are there.

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/store/event_log.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

namespace fs = std::filesystem;

// Events each committed alone, with the length of the log after each.
class TornLogTest : public testing::Test {
 protected:
  static constexpr JobKey kJob = 1;
  static constexpr int kEvents = 60;

  static std::string MessageOf(int64_t sequence) {
    return std::string(1 + static_cast<size_t>(sequence * 997 % 9000), static_cast<char>('a' + sequence % 26));
  }

  static v1::Event EventOf(int64_t sequence) {
    v1::Event event;
    event.mutable_warning()->set_message(MessageOf(sequence));
    return event;
  }

  TornLogTest() {
    queue_ = CommitQueue::Open(folder_.Database()).value();
    EventLog log(folder_.Database(), *queue_);
    EXPECT_TRUE(log.Load(kJob).ok());
    ends_.push_back(LogSize());
    for (int64_t sequence = 1; sequence <= kEvents; ++sequence) {
      Outcome outcome;
      log.Append(kJob, EventOf(sequence), nullptr, outcome.Teller());
      EXPECT_TRUE(outcome.Wait().ok());
      ends_.push_back(LogSize());
    }
  }

  std::string LogOf(const TemporaryFolder& folder) { return folder.Database() + "-wal"; }
  int64_t LogSize() { return static_cast<int64_t>(fs::file_size(LogOf(folder_))); }

  // As a machine leaves the files that dies now; SQLite's shared memory is gone.
  void CopyTo(const TemporaryFolder& copy) {
    fs::copy_file(folder_.Database(), copy.Database());
    fs::copy_file(LogOf(folder_), LogOf(copy));
  }
  int64_t CommittedBefore(int64_t offset) {
    int64_t count = 0;
    while (count < kEvents && ends_[count + 1] <= offset) ++count;
    return count;
  }

  // The store opens, has exactly these events, and goes on after them.
  void ExpectEvents(const TemporaryFolder& copy, int64_t count) {
    const std::unique_ptr<CommitQueue> queue = CommitQueue::Open(copy.Database()).value();
    EventLog log(copy.Database(), *queue);
    ASSERT_TRUE(log.Load(kJob).ok());
    Outcome outcome;
    EXPECT_EQ(log.Append(kJob, EventOf(count + 1), nullptr, outcome.Teller()), count + 1);
    EXPECT_TRUE(outcome.Wait().ok());
    int64_t sequence = 0;
    const LogPage page = log.Read(kJob, 1, 2 * kEvents).value();
    for (const LogEntry& entry : page.entries) {
      v1::Event event;
      ASSERT_TRUE(event.ParseFromString(*entry.event));
      ASSERT_EQ(event.sequence(), ++sequence);
      ASSERT_EQ(event.warning().message(), MessageOf(sequence));
    }
    EXPECT_EQ(sequence, count + 1);
    EXPECT_EQ(QueryInt(*Connection::Open(copy.Database()).value(),
                       "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
              1);
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::vector<int64_t> ends_;
};

TEST_F(TornLogTest, ALogTornOffAnywhereHasTheCommitsBeforeThat) {
  std::mt19937 random(1);
  std::vector<int64_t> sizes = {0,           1, 32, ends_[0], ends_[0] + 1, ends_[1] - 1, ends_[1], ends_.back() - 1,
                                ends_.back()};
  for (int i = 0; i < 40; ++i) sizes.push_back(static_cast<int64_t>(random() % static_cast<uint64_t>(ends_.back())));
  for (const int64_t size : sizes) {
    SCOPED_TRACE(size);
    const TemporaryFolder copy;
    CopyTo(copy);
    fs::resize_file(LogOf(copy), static_cast<uintmax_t>(size));
    ExpectEvents(copy, CommittedBefore(size));
  }
}

TEST_F(TornLogTest, ABitThatFlippedInTheLogHidesItsCommitAndThoseAfterIt) {
  std::mt19937 random(2);
  for (int i = 0; i < 40; ++i) {
    const auto offset = ends_[0] + static_cast<int64_t>(random() % static_cast<uint64_t>(ends_.back() - ends_[0]));
    SCOPED_TRACE(offset);
    const TemporaryFolder copy;
    CopyTo(copy);
    std::fstream file(LogOf(copy), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(offset);
    const int byte = file.get();
    file.seekp(offset);
    file.put(static_cast<char>(byte ^ (1 << (random() % 8))));
    file.close();
    ExpectEvents(copy, CommittedBefore(offset));
  }
}

TEST_F(TornLogTest, ALastWriteOfOldBytesIsNotTakenForACommit) {
  const TemporaryFolder copy;
  CopyTo(copy);
  std::fstream file(LogOf(copy), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(ends_[kEvents - 1]);
  file << std::string(static_cast<size_t>(ends_[kEvents] - ends_[kEvents - 1]), '\0');
  file.close();
  ExpectEvents(copy, kEvents - 1);
}

}  // namespace
}  // namespace trainyard
