#include "tests/server/run/all_tables.h"

namespace trainyard {
namespace {

using JobUpdatesTest = AllTables;

constexpr int kUpdates = 500;

absl::Status CountOlderNames(Connection& connection) {
  RETURN_IF_ERROR(connection.Run("CREATE TABLE older(name)"));
  return connection.Run(
      "CREATE TRIGGER note_older AFTER UPDATE ON jobs WHEN new.display_name < old.display_name"
      " BEGIN INSERT INTO older(name) VALUES(new.display_name); END");
}

// Each checkpoint is committed with the job's row, from a thread of its own.
TEST_F(JobUpdatesTest, NoCheckpointUndoesAnUpdate) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  ASSERT_TRUE(queue_->CommitDurablyAndWait(CountOlderNames).ok());
  const v1::Job job = Train(int64_t{1} << 40);
  v1::UpdateJobRequest request;
  request.mutable_update_mask()->add_paths("display_name");
  request.mutable_job()->set_name(job.name());
  for (int i = 0; i < kUpdates; ++i) {
    request.mutable_job()->set_display_name(absl::StrCat(10'000 + i));
    ASSERT_TRUE(jobs_->Update(request).ok());
  }
  EXPECT_TRUE(jobs_->Cancel(job.name()).ok());
  int64_t older = -1;
  const auto count = [&older](Connection& connection) -> absl::Status {
    ASSIGN_OR_RETURN(Statement select, connection.Prepare("SELECT count(*) FROM older"));
    RETURN_IF_ERROR(select.Step().status());
    older = select.Int(0);
    return absl::OkStatus();
  };
  ASSERT_TRUE(queue_->CommitDurablyAndWait(count).ok());
  EXPECT_EQ(older, 0);
}

}  // namespace
}  // namespace trainyard
