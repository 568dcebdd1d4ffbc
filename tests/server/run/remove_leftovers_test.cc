#include "server/run/remove_leftovers.h"

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/commit_queue.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

class RemoveLeftoversTest : public ::testing::Test {
 protected:
  RemoveLeftoversTest()
      : directory_(std::filesystem::temp_directory_path() / absl::StrCat("remove_leftovers_test_", getpid())) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    const std::string database = (directory_ / "test.db").string();
    queue_ = CommitQueue::Open(database).value();
    catalogue_ = Catalogue::Open(database).value();
    blobs_ = Blobs::Open(directory_.string()).value();
  }
  ~RemoveLeftoversTest() override {
    catalogue_.reset();
    queue_.reset();
    std::filesystem::remove_all(directory_);
  }

  void Commit(CommitQueue::Change change) { ASSERT_TRUE(queue_->CommitDurablyAndWait(std::move(change)).ok()); }
  void WriteBlob(const std::string& name) { ASSERT_TRUE(blobs_->Create(name).value()->Publish().ok()); }

  const std::filesystem::path directory_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(RemoveLeftoversTest, FilesThatTheCatalogueNamesStay) {
  StoredDataset dataset;
  dataset.dataset.set_name("datasets/a");
  dataset.file = "dataset-a";
  Commit(catalogue_->Insert(dataset));
  StoredCheckpoint checkpoint;
  checkpoint.file = "checkpoint-a";
  Commit(catalogue_->Insert(1, checkpoint));
  StoredUpload upload;
  upload.upload.set_name("uploads/a");
  Commit(catalogue_->Put(upload));
  for (const char* name : {"dataset-a", "checkpoint-a"}) WriteBlob(name);
  ASSERT_TRUE(blobs_->OpenUpload("a").ok());
  ASSERT_TRUE(RemoveLeftovers(*catalogue_, *blobs_).ok());
  EXPECT_THAT(blobs_->List().value(), ElementsAre("checkpoint-a", "dataset-a"));
  EXPECT_THAT(blobs_->ListUploads().value(), ElementsAre("a"));
}

TEST_F(RemoveLeftoversTest, FilesThatItDoesNotNameGo) {
  StoredCheckpoint in_row;
  in_row.file = "checkpoint-b";
  in_row.in_row = true;
  Commit(catalogue_->Insert(1, in_row));
  for (const char* name : {"dataset-b", "checkpoint-b"}) WriteBlob(name);
  ASSERT_TRUE(blobs_->OpenUpload("b").ok());
  ASSERT_TRUE(RemoveLeftovers(*catalogue_, *blobs_).ok());
  EXPECT_THAT(blobs_->List().value(), ElementsAre());
  EXPECT_THAT(blobs_->ListUploads().value(), ElementsAre());
}

TEST_F(RemoveLeftoversTest, NothingGoesWhereTheCatalogueCannotBeRead) {
  WriteBlob("dataset-c");
  Commit([](Connection& c) { return c.Run("ALTER TABLE datasets RENAME TO elsewhere"); });
  EXPECT_FALSE(RemoveLeftovers(*catalogue_, *blobs_).ok());
  EXPECT_THAT(blobs_->List().value(), ElementsAre("dataset-c"));
}

}  // namespace
}  // namespace trainyard
