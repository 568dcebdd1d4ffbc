#include "server/store/database.h"

#include <sqlite3.h>

#include "core/base/status.h"
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() : connection_(Connection::Open(folder_.Database()).value()) {
    EXPECT_TRUE(connection_->Run("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT UNIQUE, c BLOB)").ok());
  }

  TemporaryFolder folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(DatabaseTest, BindsAndReadsEachType) {
  {
    Statement insert = connection_->Prepare("INSERT INTO t VALUES(?, ?, ?)").value();
    insert.Bind(1, int64_t{-5}).Bind(2, std::string_view("text")).BindBlob(3, std::string_view("\0b", 2));
    EXPECT_FALSE(insert.Step().value());
  }
  Statement select = connection_->Prepare("SELECT a, b, c, NULL FROM t").value();
  ASSERT_TRUE(select.Step().value());
  EXPECT_EQ(select.Int(0), -5);
  EXPECT_EQ(select.Text(1), "text");
  EXPECT_EQ(select.Blob(2), std::string_view("\0b", 2));
  EXPECT_TRUE(select.IsNull(3));
  EXPECT_FALSE(select.IsNull(0));
  EXPECT_FALSE(select.Step().value());
}

TEST_F(DatabaseTest, EmptyTextAndBlobAreNotNull) {
  Statement select = connection_->Prepare("SELECT ?, ?, ?").value();
  select.Bind(1, std::string_view()).BindBlob(2, std::string_view()).BindNull(3);
  ASSERT_TRUE(select.Step().value());
  EXPECT_FALSE(select.IsNull(0));
  EXPECT_FALSE(select.IsNull(1));
  EXPECT_TRUE(select.IsNull(2));
}

TEST_F(DatabaseTest, AStatementIsResetWhenItLeavesItsScope) {
  for (int i = 0; i < 2; ++i) {
    Statement select = connection_->Prepare("SELECT 1").value();
    EXPECT_TRUE(select.Step().value());
  }
  EXPECT_TRUE(connection_->Run("PRAGMA wal_checkpoint(TRUNCATE)").ok());
}

TEST_F(DatabaseTest, OneTextCanBeInUseTwiceAtOnce) {
  Statement first = connection_->Prepare("SELECT ?").value();
  Statement second = connection_->Prepare("SELECT ?").value();
  first.Bind(1, int64_t{1});
  second.Bind(1, int64_t{2});
  ASSERT_TRUE(first.Step().value());
  ASSERT_TRUE(second.Step().value());
  EXPECT_EQ(first.Int(0), 1);
  EXPECT_EQ(second.Int(0), 2);
}

TEST_F(DatabaseTest, APreparedTextIsCompiledOnceAndAComposedOneIsNotKept) {
  const auto statements = [this] {
    int count = 0;
    for (auto* s = sqlite3_next_stmt(connection_->handle(), nullptr); s;
         s = sqlite3_next_stmt(connection_->handle(), s))
      ++count;
    return count;
  };
  const int before = statements();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(connection_->Prepare("SELECT 17").value().Step().value());
  EXPECT_EQ(statements(), before + 1);
  EXPECT_TRUE(connection_->PrepareOnce("SELECT 18").value().Step().value());
  EXPECT_EQ(statements(), before + 1);
}

TEST_F(DatabaseTest, AUniqueKeyTakenTwiceAlreadyExists) {
  EXPECT_TRUE(connection_->Step("INSERT INTO t VALUES(1, 'x', NULL)").ok());
  EXPECT_TRUE(absl::IsAlreadyExists(connection_->Step("INSERT INTO t VALUES(1, 'y', NULL)")));
  EXPECT_TRUE(absl::IsAlreadyExists(connection_->Step("INSERT INTO t VALUES(2, 'x', NULL)")));
}

TEST_F(DatabaseTest, AFullDiskIsResourceExhausted) {
  ASSERT_TRUE(connection_->Run("PRAGMA max_page_count = 1").ok());  // SQLite raises it to the size as it is
  const absl::Status status = connection_->Run("INSERT INTO t VALUES(1, 'x', zeroblob(100000))");
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  EXPECT_EQ(ErrorReason(status), "STORAGE_FULL");
}

TEST_F(DatabaseTest, CountsChanges) {
  ASSERT_TRUE(connection_->Run("INSERT INTO t(b) VALUES('x'), ('y'), ('z')").ok());
  ASSERT_TRUE(connection_->Step("DELETE FROM t WHERE b != 'y'").ok());
  EXPECT_EQ(connection_->Changes(), 2);
}

TEST_F(DatabaseTest, ReleasesAtMostSoManyFreePages) {
  ASSERT_TRUE(connection_->Run("INSERT INTO t(c) VALUES(zeroblob(1000000)); DELETE FROM t").ok());
  const int64_t free = QueryInt(*connection_, "PRAGMA freelist_count");
  ASSERT_GT(free, 200);
  const int64_t pages = QueryInt(*connection_, "PRAGMA page_count");
  EXPECT_EQ(connection_->ReleaseFreePages(100).value(), 100);
  EXPECT_EQ(QueryInt(*connection_, "PRAGMA freelist_count"), free - 100);
  EXPECT_EQ(QueryInt(*connection_, "PRAGMA page_count"), pages - 100);
  EXPECT_EQ(connection_->ReleaseFreePages(0).value(), 0);
  EXPECT_GT(connection_->ReleaseFreePages(100000).value(), 100);
  EXPECT_EQ(connection_->ReleaseFreePages(100).value(), 0);
}

TEST_F(DatabaseTest, KnowsWhetherATransactionIsOpen) {
  EXPECT_FALSE(connection_->InTransaction());
  ASSERT_TRUE(connection_->Run("BEGIN").ok());
  EXPECT_TRUE(connection_->InTransaction());
  ASSERT_TRUE(connection_->Run("ROLLBACK").ok());
  EXPECT_FALSE(connection_->InTransaction());
}

TEST_F(DatabaseTest, UsesTheWriteAheadLogWithoutAutomaticCheckpoints) {
  Statement mode = connection_->Prepare("PRAGMA journal_mode").value();
  ASSERT_TRUE(mode.Step().value());
  EXPECT_EQ(mode.Text(0), "wal");
  EXPECT_EQ(QueryInt(*connection_, "PRAGMA wal_autocheckpoint"), 0);
  EXPECT_EQ(QueryInt(*connection_, "PRAGMA synchronous"), 1);
  EXPECT_EQ(QueryInt(*connection_, "PRAGMA auto_vacuum"), 2);
}

TEST_F(DatabaseTest, OpensWhatItMadeAndKeepsItsRows) {
  ASSERT_TRUE(connection_->Run("INSERT INTO t(b) VALUES('x')").ok());
  connection_.reset();
  connection_ = Connection::Open(folder_.Database()).value();
  EXPECT_EQ(QueryInt(*connection_, "SELECT count(*) FROM t"), 1);
}

TEST_F(DatabaseTest, OpensWhileAnotherConnectionWrites) {
  ASSERT_TRUE(connection_->Run("BEGIN IMMEDIATE; INSERT INTO t(b) VALUES('x')").ok());
  const absl::StatusOr<std::unique_ptr<Connection>> reader = Connection::Open(folder_.Database());
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ(QueryInt(**reader, "SELECT count(*) FROM t"), 0);
}

TEST_F(DatabaseTest, ALaterVersionsDatabaseIsRefused) {
  ASSERT_TRUE(connection_->Run("PRAGMA user_version = 1000").ok());
  const absl::Status status = Connection::Open(folder_.Database()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_EQ(ErrorReason(status), "STORE_IS_NEWER");
}

TEST(SqliteStatusTest, SaysWhatTheStoreCannotDo) {
  EXPECT_TRUE(SqliteStatus(nullptr, SQLITE_OK, "sync its files").ok());
  const absl::Status status = SqliteStatus(nullptr, SQLITE_BUSY, "sync its files");
  EXPECT_EQ(status, absl::UnavailableError("the store cannot sync its files: database is locked"));
}

TEST(StorageFullTest, IsToldFromOtherExhaustion) {
  EXPECT_TRUE(absl::IsResourceExhausted(StorageFull("cannot write")));
  EXPECT_EQ(ErrorReason(StorageFull("cannot write")), "STORAGE_FULL");
  EXPECT_TRUE(IsStorageFull(StorageFull("cannot write")));
  EXPECT_FALSE(IsStorageFull(absl::ResourceExhaustedError("QUEUE_FULL")));
  EXPECT_FALSE(IsStorageFull(absl::OkStatus()));
}

TEST_F(DatabaseTest, AnotherFileIsDataLoss) {
  const std::string path = folder_.path() + "/other";
  FILE* const file = fopen(path.c_str(), "w");
  for (int i = 0; i < 1000; ++i) fputs("not a database. ", file);
  fclose(file);
  EXPECT_TRUE(absl::IsDataLoss(Connection::Open(path).status()));
}

}  // namespace
}  // namespace trainyard
