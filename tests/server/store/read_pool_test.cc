#include "server/store/read_pool.h"

#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

TEST(ReadPoolTest, ReadsAtOnceHaveConnectionsOfTheirOwn) {
  TemporaryFolder folder;
  ReadPool pool(folder.Database());
  const ReadPool::Lease first = pool.Take().value();
  const ReadPool::Lease second = pool.Take().value();
  EXPECT_NE(&*first, &*second);
}

TEST(ReadPoolTest, AConnectionIsKeptForTheNextRead) {
  TemporaryFolder folder;
  ReadPool pool(folder.Database());
  ASSERT_TRUE(pool.Take().value()->Run("CREATE TEMP TABLE mark(a)").ok());
  EXPECT_EQ(QueryInt(*pool.Take().value(), "SELECT count(*) FROM sqlite_temp_schema WHERE name = 'mark'"), 1);
}

TEST(ReadPoolTest, ReadsSeeCommittedStateAloneAndDoNotWaitForTheWriter) {
  TemporaryFolder folder;
  ReadPool pool(folder.Database());
  const std::unique_ptr<Connection> writer = Connection::Open(folder.Database()).value();
  ASSERT_TRUE(writer->Run("CREATE TABLE t(a); BEGIN IMMEDIATE; INSERT INTO t VALUES(1)").ok());
  EXPECT_EQ(QueryInt(*pool.Take().value(), "SELECT count(*) FROM t"), 0);
  ASSERT_TRUE(writer->Run("COMMIT").ok());
  EXPECT_EQ(QueryInt(*pool.Take().value(), "SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace trainyard
