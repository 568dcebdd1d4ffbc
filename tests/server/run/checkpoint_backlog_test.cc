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

// One for the metrics of the steps between, and one for the checkpoint, the model and what older checkpoints leave.
TEST_F(CheckpointBacklogTest, ACheckpointIsTwoCommitsHoweverQuicklyTheyCome) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  constexpr int64_t kSteps = 2000;
  const int64_t before = queue_->committed();
  EXPECT_EQ(AwaitEnd(Train(kSteps, 4).name()).state(), v1::STATE_SUCCEEDED);
  ASSERT_TRUE(queue_->CommitDurablyAndWait(Nothing).ok());
  EXPECT_LE(queue_->committed() - before, 2 * kSteps + 100);
}

TEST_F(CheckpointBacklogTest, TheFilesOfOldCheckpointsGoWithTheirRows) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  publishing_.Allow(1000);
  const std::string job = AwaitEnd(Train(30).name()).name();
  const std::vector<StoredCheckpoint> kept = Checkpoints(job);
  EXPECT_EQ(kept.size(), 10);
  const absl::Time latest = absl::Now() + absl::Seconds(30);
  while (blobs_->List()->size() > kept.size() + 1 && absl::Now() < latest) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(blobs_->List()->size(), kept.size() + 1);
  for (const StoredCheckpoint& checkpoint : kept) EXPECT_TRUE(HasFile(checkpoint)) << checkpoint.step;
}

}  // namespace
}  // namespace trainyard
