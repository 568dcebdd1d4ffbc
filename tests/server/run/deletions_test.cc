// What is deleted, or put in another's place, and the files of it.

#include <cerrno>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/run/model_table.h"
#include "server/run/remove_leftovers.h"
#include "server/store/files.h"
#include "tests/server/run/all_tables.h"
#include "tests/server/run/next_server.h"

namespace trainyard {
namespace {

using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class DeletionsTest : public AllTables {
 protected:
  DeletionsTest() : system_(SystemFileCalls()) {}
  ~DeletionsTest() override { SystemFileCalls() = system_; }

  static void FailToRemoveFiles() {
    SystemFileCalls().unlink = [](const char*) {
      errno = EIO;
      return -1;
    };
  }
  // As the next server does it, whose disk is in order.
  void RemoveLeftFiles() {
    SystemFileCalls() = system_;
    EXPECT_TRUE(RemoveLeftovers(*catalogue_, *blobs_).ok());
  }

  absl::Status DeleteDataset(const std::string& name) {
    v1::DeleteDatasetRequest request;
    request.set_name(name);
    return datasets_.Delete(request);
  }
  absl::Status DeleteModel(const v1::Job& job, const std::string& etag = "") {
    v1::DeleteModelRequest request;
    request.set_name(job.model());
    request.set_etag(etag);
    return models_.Delete(request);
  }

  ModelTable models_{services_, *jobs_};
  const FileCalls system_;
};

TEST_F(DeletionsTest, ACommitIsDoneThoughTheFileOfItsUploadStays) {
  FailToRemoveFiles();
  const std::string upload = Upload("datasets/iris");
  EXPECT_EQ(Commit(upload).status(), absl::OkStatus());
  EXPECT_EQ(Commit(Upload("datasets/iris")).status(), absl::OkStatus());
  EXPECT_THAT(*blobs_->ListUploads(), SizeIs(2));
  RemoveLeftFiles();
  EXPECT_THAT(*blobs_->ListUploads(), IsEmpty());
}

TEST_F(DeletionsTest, AnUploadWhoseCommitWasRefusedCanBeDeleted) {
  const std::string upload = OpenUpload("datasets/empty")->name();
  EXPECT_FALSE(Commit(upload).ok());
  EXPECT_EQ(datasets_.DeleteUpload(upload), absl::OkStatus());
  EXPECT_EQ(ErrorReason(datasets_.GetUpload(upload).status()), "NO_SUCH_UPLOAD");
  EXPECT_EQ(ErrorReason(datasets_.DeleteUpload(upload)), "NO_SUCH_UPLOAD");
  EXPECT_THAT(*blobs_->ListUploads(), IsEmpty());
}

TEST_F(DeletionsTest, AnUploadThatAStreamHasIsNotDeleted) {
  const std::string upload = OpenUpload("datasets/new")->name();
  const std::unique_ptr<DatasetTable::Writer> stream = datasets_.Write(upload).value();
  EXPECT_EQ(ErrorReason(datasets_.DeleteUpload(upload)), "UPLOAD_BUSY");
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(DeletionsTest, ADataSetIsDeletedThoughItsFileStays) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  FailToRemoveFiles();
  EXPECT_EQ(DeleteDataset("datasets/iris"), absl::OkStatus());
  EXPECT_EQ(ErrorReason(DeleteDataset("datasets/iris")), "NO_SUCH_DATA_SET");
  RemoveLeftFiles();
  EXPECT_THAT(*blobs_->List(), IsEmpty());
}

TEST_F(DeletionsTest, ADataSetWhoseFileIsGoneCanBeDeleted) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  ASSERT_TRUE(blobs_->Remove(blobs_->List()->front()).ok());
  EXPECT_EQ(DeleteDataset("datasets/iris"), absl::OkStatus());
}

TEST_F(DeletionsTest, AModelIsDeletedWithAllCheckpointsThoughTheirFilesStay) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const v1::Job job = AwaitEnd(Train(3).name());
  ASSERT_THAT(Checkpoints(job.name()), Not(IsEmpty()));
  FailToRemoveFiles();
  EXPECT_EQ(DeleteModel(job), absl::OkStatus());
  EXPECT_THAT(Checkpoints(job.name()), IsEmpty());
  EXPECT_EQ(ErrorReason(DeleteModel(job)), "NO_SUCH_MODEL");
  RemoveLeftFiles();
  EXPECT_THAT(*blobs_->List(), SizeIs(1));
}

// Until then another checkpoint may come, and another etag with it.
TEST_F(DeletionsTest, TheEtagOfAModelIsComparedOnceItsJobHasEnded) {
  ASSERT_TRUE(Commit(Upload("datasets/iris")).ok());
  const v1::Job job = jobs_->Create(EndlessJob(), Caller()).value();
  AwaitStep(*jobs_, job.name(), 1);
  ASSERT_TRUE(jobs_->Pause(job.name()).ok());
  EXPECT_EQ(ErrorReason(DeleteModel(job, "other")), "JOB_ACTIVE");
  ASSERT_TRUE(jobs_->Cancel(job.name()).ok());
  EXPECT_EQ(ErrorReason(DeleteModel(job, "other")), "ETAG_MISMATCH");
  EXPECT_EQ(DeleteModel(job, models_.Get(job.model())->etag()), absl::OkStatus());
}

}  // namespace
}  // namespace trainyard
