#include "server/store/backup.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/blobs.h"
#include "server/store/catalogue.h"
#include "server/store/files.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

// A store in use, with a data set.
class BackupTest : public testing::Test {
 protected:
  BackupTest()
      : queue_(CommitQueue::Open(database_).value()),
        catalogue_(Catalogue::Open(database_).value()),
        blobs_(Blobs::Open(from_).value()) {
    WriteBlob("iris.data");
    StoredDataset dataset;
    dataset.dataset.set_name("datasets/iris");
    dataset.file = "iris.data";
    Commit(catalogue_->Insert(dataset));
  }

  void Commit(CommitQueue::Change change) { ASSERT_TRUE(queue_->CommitDurablyAndWait(std::move(change)).ok()); }
  void WriteBlob(std::string_view name) {
    const std::unique_ptr<BlobWriter> writer = blobs_->Create(name).value();
    ASSERT_TRUE(writer->Append(name).ok());
    ASSERT_TRUE(writer->Publish().ok());
  }
  void InsertCheckpoint(const std::string& file) {
    StoredCheckpoint checkpoint;
    checkpoint.file = file;
    checkpoint.log_position = 1;
    Commit(catalogue_->Insert(1, checkpoint));
  }
  std::string BackedUpBlob(std::string_view name) {
    return std::string(Blobs::Open(to_).value()->Map(name).value()->bytes());
  }

  TemporaryFolder folder_;
  const std::string from_ = folder_.path() + "/store";
  const std::string to_ = folder_.path() + "/copy";
  const std::string database_ = (fs::create_directory(from_), from_ + "/" + kDatabaseName);
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BackupTest, TheCopyHasTheRowsAndTheFilesThatTheyName) {
  const Backup backup = BackUp(from_, to_).value();
  EXPECT_EQ(backup.files, 1);
  EXPECT_THAT(backup.missing, IsEmpty());
  const std::unique_ptr<Catalogue> copy = Catalogue::Open(to_ + "/" + kDatabaseName).value();
  EXPECT_EQ(copy->GetDataset("datasets/iris").value().file, "iris.data");
  EXPECT_EQ(BackedUpBlob("iris.data"), "iris.data");
}

TEST_F(BackupTest, WhatTheStoreDoesLaterChangesNothingInTheCopy) {
  ASSERT_TRUE(BackUp(from_, to_).ok());
  Commit(catalogue_->RemoveDataset("datasets/iris"));
  ASSERT_TRUE(blobs_->Remove("iris.data").ok());
  EXPECT_EQ(BackedUpBlob("iris.data"), "iris.data");
  EXPECT_TRUE(Catalogue::Open(to_ + "/" + kDatabaseName).value()->GetDataset("datasets/iris").ok());
}

TEST_F(BackupTest, FilesThatNoRowNamesAreNotCopied) {
  WriteBlob("orphan");
  EXPECT_EQ(BackUp(from_, to_).value().files, 1);
}

TEST_F(BackupTest, ACheckpointInItsRowNeedsNoFile) {
  StoredCheckpoint checkpoint;
  checkpoint.file = "only a name";
  checkpoint.in_row = true;
  checkpoint.state = "state";
  Commit(catalogue_->Insert(1, checkpoint));
  EXPECT_THAT(BackUp(from_, to_).value().missing, IsEmpty());
}

TEST_F(BackupTest, AFileThatTheStoreItselfLacksIsToldAndTheRestIsCopied) {
  InsertCheckpoint("lost");
  EXPECT_THAT(BackUp(from_, to_).value().missing, ElementsAre("lost"));
  EXPECT_EQ(BackedUpBlob("iris.data"), "iris.data");
}

// A job that saves without end: each checkpoint is named, and its predecessor removed, at once.
TEST_F(BackupTest, WhileCheckpointsReplaceEachOtherEveryCopyHasTheOneThatItNames) {
  std::atomic<bool> stop = false;
  std::thread saving([&] {
    for (int i = 0; !stop; ++i) {
      WriteBlob("checkpoint-" + std::to_string(i));
      InsertCheckpoint("checkpoint-" + std::to_string(i));
      if (i == 0) continue;
      const auto removed = std::make_shared<std::vector<StoredCheckpoint>>();
      Commit(catalogue_->RemoveOldCheckpoints(1, 0, removed));
      for (const StoredCheckpoint& former : *removed) ASSERT_TRUE(blobs_->Remove(former.file).ok());
    }
  });
  for (int i = 0; i < 20; ++i) {
    const std::string to = to_ + std::to_string(i);
    const absl::StatusOr<Backup> backup = BackUp(from_, to);
    ASSERT_TRUE(backup.ok()) << backup.status();
    EXPECT_THAT(backup->missing, IsEmpty());
    const std::unique_ptr<Catalogue> copy = Catalogue::Open(to + "/" + kDatabaseName).value();
    const std::vector<StoredCheckpoint> checkpoints = copy->Checkpoints(1).value();
    for (const StoredCheckpoint& checkpoint : checkpoints) {
      EXPECT_TRUE(Blobs::Open(to).value()->Map(checkpoint.file).ok()) << checkpoint.file;
    }
  }
  stop = true;
  saving.join();
}

TEST_F(BackupTest, AnUploadUnderWayIsCopiedAsFarAsItIs) {
  StoredUpload upload;
  upload.upload.set_name("uploads/u1");
  Commit(catalogue_->Put(upload));
  const std::unique_ptr<UploadFile> file = blobs_->OpenUpload("u1").value();
  ASSERT_TRUE(file->Append("first").ok());
  ASSERT_TRUE(BackUp(from_, to_).ok());
  ASSERT_TRUE(file->Append(" and later").ok());
  EXPECT_EQ(Blobs::Open(to_).value()->MapUpload("u1").value()->bytes(), "first");
}

TEST_F(BackupTest, AnUploadWhoseFileTheStoreLacksIsTold) {
  StoredUpload upload;
  upload.upload.set_name("uploads/lost");
  Commit(catalogue_->Put(upload));
  EXPECT_THAT(BackUp(from_, to_).value().missing, ElementsAre("lost"));
}

// Each is made into a data set at once, with which its row and its file go.
TEST_F(BackupTest, WhileUploadsComeAndGoEveryCopyHasThoseThatItNames) {
  std::atomic<bool> stop = false;
  std::thread uploading([&] {
    for (int i = 0; !stop; ++i) {
      const std::string name = "u" + std::to_string(i);
      StoredUpload upload;
      upload.upload.set_name("uploads/" + name);
      ASSERT_TRUE(blobs_->OpenUpload(name).value()->Append(name).ok());
      Commit(catalogue_->Put(upload));
      Commit(catalogue_->RemoveUpload("uploads/" + name));
      ASSERT_TRUE(blobs_->RemoveUpload(name).ok());
    }
  });
  for (int i = 0; i < 20; ++i) {
    const std::string to = to_ + std::to_string(i);
    const absl::StatusOr<Backup> backup = BackUp(from_, to);
    ASSERT_TRUE(backup.ok()) << backup.status();
    EXPECT_THAT(backup->missing, IsEmpty());
    const std::vector<StoredUpload> uploads = Catalogue::Open(to + "/" + kDatabaseName).value()->AllUploads().value();
    EXPECT_EQ(backup->files, 1 + static_cast<int64_t>(uploads.size()));
    for (const StoredUpload& stored : uploads) {
      const std::string name = stored.upload.name().substr(std::string("uploads/").size());
      EXPECT_EQ(Blobs::Open(to).value()->MapUpload(name).value()->bytes(), name);
    }
  }
  stop = true;
  uploading.join();
}

TEST_F(BackupTest, AFolderThatIsThereIsNotTouched) {
  fs::create_directory(to_);
  EXPECT_TRUE(absl::IsAlreadyExists(BackUp(from_, to_).status()));
  EXPECT_TRUE(fs::is_empty(to_));
}

TEST_F(BackupTest, AFailedCopyLeavesNothing) {
  fs::remove_all(from_ + "/blobs");
  fs::create_directory(from_ + "/blobs");
  fs::create_directory(from_ + "/blobs/iris.data");
  EXPECT_FALSE(BackUp(from_, to_).ok());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

// In a container each backup may have the same process id.
TEST_F(BackupTest, WhatACopyThatWasKilledHasLeftIsNotTakenForACopy) {
  const std::string left = to_ + "~" + std::to_string(getpid()) + "/blobs";
  fs::create_directories(left);
  std::ofstream(left + "/iris.data") << "iri";
  const absl::StatusOr<Backup> backup = BackUp(from_, to_);
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(BackedUpBlob("iris.data"), "iris.data");
}

TEST_F(BackupTest, AStoreOfAnotherVersionIsRefusedAndNotChanged) {
  for (const auto& [version, reason] : {std::pair(1, "STORE_IS_OLDER"), std::pair(1000, "STORE_IS_NEWER")}) {
    Commit([version = version](Connection& connection) {
      return connection.Run(absl::StrCat("PRAGMA user_version = ", version));
    });
    EXPECT_EQ(ErrorReason(BackUp(from_, to_).status()), reason);
  }
}

TEST_F(BackupTest, WhereThereIsNoStoreNoneIsMade) {
  EXPECT_TRUE(absl::IsFailedPrecondition(BackUp(folder_.path() + "/none", to_).status()));
  EXPECT_FALSE(fs::exists(folder_.path() + "/none"));
}

}  // namespace
}  // namespace trainyard
