// A commit queue on a store of its own, with a table to write to.

#ifndef TRAINYARD_TESTS_SERVER_STORE_QUEUE_FIXTURE_H_
#define TRAINYARD_TESTS_SERVER_STORE_QUEUE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "server/store/commit_queue.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {

inline CommitQueue::Change InsertRow(int value) {
  return [value](Connection& connection) { return connection.Run(absl::StrCat("INSERT INTO t VALUES(", value, ")")); };
}

class QueueFixture : public testing::Test {
 protected:
  QueueFixture() : queue_(CommitQueue::Open(folder_.Database()).value()) {
    EXPECT_TRUE(queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("CREATE TABLE t(a UNIQUE)"); }).ok());
    reader_ = Connection::Open(folder_.Database()).value();
  }

  int64_t Rows() { return QueryInt(*reader_, "SELECT count(*) FROM t"); }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Connection> reader_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_STORE_QUEUE_FIXTURE_H_
