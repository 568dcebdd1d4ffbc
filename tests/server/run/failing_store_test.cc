// A store that does not write or sync: the files that committed rows name stay, also where it was told only that a sync failed.

#include <string>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/run/all_tables.h"

namespace trainyard {
namespace {

using testing::Each;
using testing::ResultOf;

using FailingStoreTest = AllTables;

TEST_F(FailingStoreTest, ADataSetWhoseCommitIsNotDurableCanBeRead) {
  const std::string upload = Upload("datasets/iris");
  FailNextSync();
  EXPECT_EQ(ErrorReason(Commit(upload).status()), "STORAGE_FAILED");
  EXPECT_EQ(datasets_.Get("datasets/iris")->row_count(), 150);
  EXPECT_TRUE(datasets_.Open("datasets/iris").ok()) << datasets_.Open("datasets/iris").status();
  EXPECT_TRUE(Commit(Upload("datasets/iris")).ok());
  EXPECT_EQ(Commit(upload)->row_count(), 150);
}

TEST_F(FailingStoreTest, AnUploadThatIsOpenAndNotDurablyTakesWhatComes) {
  FailNextSync();
  EXPECT_EQ(ErrorReason(OpenUpload("datasets/iris").status()), "STORAGE_FAILED");
  const std::string name = catalogue_->AllUploads()->front().upload.name();
  EXPECT_EQ(blobs_->ListUploads()->size(), 1);
  EXPECT_EQ(datasets_.Write(name).value()->Write(0, Crc32c("a,b\n"), "a,b\n"), absl::OkStatus());
}

TEST_F(FailingStoreTest, AnUploadWhoseCommitIsNotDurableTakesNoPlace) {
  DatasetTable one({.open_uploads = 1}, *queue_, *catalogue_, *blobs_);
  v1::CreateUploadRequest request;
  request.mutable_dataset()->set_name("datasets/iris");
  request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
  v1::CommitUploadRequest commit;
  commit.set_name(one.CreateUpload(request, Caller())->name());
  ASSERT_TRUE(one.Write(commit.name()).value()->Write(0, Crc32c("a,b\n1,2\n"), "a,b\n1,2\n").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(one.CreateUpload(request, Caller()).status()));
  FailNextSync();
  EXPECT_EQ(ErrorReason(one.Commit(commit).status()), "STORAGE_FAILED");
  EXPECT_TRUE(one.CreateUpload(request, Caller()).ok());
}

TEST_F(FailingStoreTest, AForkWhoseSubmitIsNotDurableRuns) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  v1::ForkJobRequest request;
  request.set_name(AwaitEnd(Train(2).name()).name());
  request.set_from_step(1);
  request.set_request_id("fork");
  FailNextSync();
  EXPECT_EQ(ErrorReason(jobs_->Fork(request, Caller()).status()), "STORAGE_FAILED");
  const absl::StatusOr<v1::Job> fork = jobs_->Fork(request, Caller());
  ASSERT_TRUE(fork.ok()) << fork.status();
  EXPECT_EQ(AwaitEnd(fork->name()).state(), v1::STATE_SUCCEEDED);
  EXPECT_THAT(Checkpoints(fork->name()), Each(ResultOf([this](const auto& kept) { return HasFile(kept); }, true)));
}

// The queue stands still; a server that is killed now finds the rows that are committed.
TEST_F(FailingStoreTest, AnOldCheckpointKeepsItsFileUntilItsRowIsGone) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const std::string job = Train(1'000'000).name();
  while (Checkpoints(job).size() < 10) absl::SleepFor(absl::Milliseconds(1));
  disk_.Fail({.kind = InterceptedDisk::Kind::kLog, .call = FailingDisk::Call::kWrite, .code = SQLITE_IOERR_WRITE});
  disk_.AwaitFailed(1);
  const size_t files = blobs_->List()->size();
  while (blobs_->List()->size() < files + 3) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(Checkpoints(job), Each(ResultOf([this](const auto& kept) { return HasFile(kept); }, true)));
  disk_.Heal();
  ASSERT_TRUE(jobs_->Cancel(job).ok());
  while (blobs_->List()->size() > 1 + Checkpoints(job).size()) absl::SleepFor(absl::Milliseconds(1));
}

}  // namespace
}  // namespace trainyard
