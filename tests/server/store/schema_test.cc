#include "server/store/schema.h"

#include <sqlite3.h>

#include "gtest/gtest.h"
#include "server/store/catalogue.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

TEST(SchemaTest, ASecondMigrationChangesNothing) {
  TemporaryFolder folder;
  const std::unique_ptr<Connection> connection = Connection::Open(folder.Database()).value();
  const int64_t before = QueryInt(*connection, "PRAGMA schema_version");
  EXPECT_TRUE(Migrate(*connection).ok());
  EXPECT_EQ(QueryInt(*connection, "PRAGMA schema_version"), before);
}

TEST(SchemaTest, MigrationsAreAppliedAllOrNone) {
  TemporaryFolder folder;
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(folder.Database().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "CREATE TABLE models(in_the_way)", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_FALSE(Connection::Open(folder.Database()).ok());
  ASSERT_EQ(sqlite3_exec(db, "DROP TABLE models; CREATE TABLE jobs(still_free)", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "SELECT * FROM events", nullptr, nullptr, nullptr), SQLITE_ERROR);
  ASSERT_EQ(sqlite3_exec(db, "DROP TABLE jobs", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  EXPECT_TRUE(Connection::Open(folder.Database()).ok());
}

// Takes the database back to version 1, which had no summaries and no callers and kept all checkpoints in files.
absl::Status MakeFirstVersion(Connection& connection) {
  return connection.Run(
      "DROP TABLE metric_summaries; ALTER TABLE checkpoints DROP COLUMN state; ALTER TABLE jobs DROP COLUMN owner;"
      "ALTER TABLE uploads DROP COLUMN owner; DROP INDEX datasets_by_file; PRAGMA user_version = 1");
}

TEST(SchemaTest, ADatabaseOfTheFirstVersionKeepsItsEventsAndCheckpoints) {
  TemporaryFolder folder;
  {
    const std::unique_ptr<Connection> connection = Connection::Open(folder.Database()).value();
    ASSERT_TRUE(MakeFirstVersion(*connection).ok());
    ASSERT_TRUE(connection->Run("INSERT INTO events VALUES(7, 1, 1, 11, x'00')").ok());
    ASSERT_TRUE(connection->Run("INSERT INTO uploads VALUES('uploads/1', '', 0, x'')").ok());
    ASSERT_TRUE(connection->Run("INSERT INTO checkpoints VALUES(1, 7, 1, 20, 'd', 'f', 5, 1, 1)").ok());
  }
  const std::unique_ptr<Connection> connection = Connection::Open(folder.Database()).value();
  EXPECT_EQ(QueryInt(*connection, "PRAGMA user_version"), 5);
  EXPECT_EQ(QueryInt(*connection, "SELECT count(*) FROM events"), 1);
  EXPECT_EQ(QueryInt(*connection, "SELECT count(*) FROM metric_summaries"), 0);
  EXPECT_EQ(QueryInt(*connection, "SELECT count(*) FROM uploads WHERE owner = ''"), 1);
  EXPECT_EQ(QueryInt(*connection, "SELECT count(*) FROM checkpoints WHERE file = 'f' AND state IS NULL"), 1);
}

TEST(SchemaTest, ALaterVersionIsRefusedByAllThatOpenTheStore) {
  TemporaryFolder folder;
  ASSERT_TRUE(Connection::Open(folder.Database()).value()->Run("PRAGMA user_version = 1000").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(CommitQueue::Open(folder.Database()).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(Catalogue::Open(folder.Database()).status()));
}

}  // namespace
}  // namespace trainyard
