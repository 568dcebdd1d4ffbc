// A checkpoint that is long on its way to the disk.

#include <thread>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "server/run/model_table.h"
#include "tests/server/run/next_server.h"
#include "tests/server/run/publishing.h"

namespace trainyard {
namespace {

using testing::SizeIs;

class LateCheckpointTest : public WithPublishing, public AllTables {
 protected:
  LateCheckpointTest() { EXPECT_TRUE(Commit(Upload("datasets/iris")).ok()); }

  // A job whose first checkpoint waits for the disk; after some 20 it stands back.
  v1::Job Begin(int64_t steps) {
    const v1::Job job = Train(steps);
    publishing_.AwaitHeld();
    return job;
  }

  ModelTable models_{services_, *jobs_};
};

TEST_F(LateCheckpointTest, ThereIsNoModelBeforeItThoughTheJobIsRenamed) {
  const v1::Job job = Begin(100);
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_job()->set_name(job.name());
  request.mutable_job()->set_display_name("new");
  ASSERT_TRUE(jobs_->Update(request).ok());
  EXPECT_EQ(ErrorReason(models_.Get(job.model()).status()), "NO_SUCH_MODEL");
  publishing_.Allow(1);
  AwaitEnd(job.name());
  EXPECT_EQ(models_.Get(job.model())->display_name(), "new");
}

TEST_F(LateCheckpointTest, ItsFileGoesWhereTheLogHasEnded) {
  const v1::Job job = Begin(int64_t{1} << 40);
  v1::Event end;
  end.set_job(job.name());
  end.mutable_state_changed()->set_state(v1::STATE_FAILED);
  Outcome ended;
  log_.AppendDurably(jobs_->FindKey(job.name(), "job").value(), end, nullptr, ended.Teller());
  ASSERT_TRUE(ended.Wait().ok());
  publishing_.Allow(1);
  publishing_.AwaitPublished();
  const absl::Time latest = absl::Now() + absl::Seconds(30);
  while (blobs_->List()->size() > 1 && absl::Now() < latest) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(*blobs_->List(), SizeIs(1));
}

}  // namespace
}  // namespace trainyard
