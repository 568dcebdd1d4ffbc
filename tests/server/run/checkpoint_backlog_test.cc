#include "tests/server/run/next_server.h"
#include "tests/server/run/publishing.h"

namespace trainyard {
namespace {

class CheckpointBacklogTest : public WithPublishing, public AllTables {};

// Each checkpoint that waits takes memory that nobody has counted.
TEST_F(CheckpointBacklogTest, ARunStandsBackWhileItsCheckpointsWaitForTheDisk) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const std::string saving = Train(int64_t{1} << 40).name();
  AwaitStep(*jobs_, saving, 1);
  // Two runs share the worker: this one alone gets it.
  AwaitStep(*jobs_, jobs_->Create(EndlessJob(), Caller())->name(), 200'000);
  const int64_t step = jobs_->Get(saving)->progress().step();
  EXPECT_LE(step, 40);
  publishing_.Allow(1);
  AwaitStep(*jobs_, saving, step + 1);
}

}  // namespace
}  // namespace trainyard
