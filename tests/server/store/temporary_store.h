// A folder for one test, and what tests of the store wait with.

#ifndef TRAINYARD_TESTS_SERVER_STORE_TEMPORARY_STORE_H_
#define TRAINYARD_TESTS_SERVER_STORE_TEMPORARY_STORE_H_

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "server/store/commit_queue.h"
#include "server/store/database.h"

namespace trainyard {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "trainyard_store_XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string Database() const { return path_ + "/store.db"; }

 private:
  std::string path_;
};

// What a Told was told.
class Outcome {
 public:
  CommitQueue::Told Teller() {
    return [this](absl::Status status) {
      status_ = std::move(status);
      told_.Notify();
    };
  }
  const absl::Status& Wait() {
    told_.WaitForNotification();
    return status_;
  }
  bool told() const { return told_.HasBeenNotified(); }

 private:
  absl::Notification told_;
  absl::Status status_;
};

inline absl::Status Nothing(Connection&) { return absl::OkStatus(); }

// Keeps the writer busy until it is opened: what is queued meanwhile becomes one group.
class WriterGate {
 public:
  explicit WriterGate(CommitQueue& queue) {
    queue.Commit(
        [state = state_](Connection&) {
          state->entered.Notify();
          state->opened.WaitForNotification();
          return absl::OkStatus();
        },
        nullptr);
    state_->entered.WaitForNotification();
  }
  ~WriterGate() { Open(); }

  void Open() {
    if (!state_->opened.HasBeenNotified()) state_->opened.Notify();
  }

 private:
  struct State {
    absl::Notification entered;
    absl::Notification opened;
  };
  const std::shared_ptr<State> state_ =
      std::make_shared<State>();  // the writer may still be leaving when the gate goes
};

// The first column of the first row; 0 without a row.
inline int64_t QueryInt(Connection& connection, std::string_view sql) {
  absl::StatusOr<Statement> statement = connection.Prepare(sql);
  EXPECT_TRUE(statement.ok()) << statement.status();
  const absl::StatusOr<bool> found = statement->Step();
  EXPECT_TRUE(found.ok()) << found.status();
  return *found ? statement->Int(0) : 0;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_STORE_TEMPORARY_STORE_H_
