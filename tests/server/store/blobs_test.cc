#include "server/store/blobs.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class BlobsTest : public testing::Test {
 protected:
  BlobsTest() : blobs_(Blobs::Open(folder_.path()).value()) {}

  void Write(std::string_view name, std::string_view bytes) {
    std::unique_ptr<BlobWriter> writer = blobs_->Create(name).value();
    ASSERT_TRUE(writer->Append(bytes).ok());
    ASSERT_TRUE(writer->Publish().ok());
  }
  std::string Read(std::string_view name) { return std::string(blobs_->Map(name).value()->bytes()); }
  int64_t FilesIn(const std::string& folder) {
    return std::distance(fs::directory_iterator(folder_.path() + folder), fs::directory_iterator());
  }

  TemporaryFolder folder_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(BlobsTest, APublishedBlobCanBeMapped) {
  Write("a.bin", "content");
  EXPECT_EQ(Read("a.bin"), "content");
}

TEST_F(BlobsTest, AnEmptyBlobCanBeMapped) {
  Write("empty", "");
  EXPECT_EQ(Read("empty"), "");
}

TEST_F(BlobsTest, AppendsFollowEachOther) {
  std::unique_ptr<BlobWriter> writer = blobs_->Create("a").value();
  ASSERT_TRUE(writer->Append("one ").ok());
  ASSERT_TRUE(writer->Append("").ok());
  ASSERT_TRUE(writer->Append("two").ok());
  ASSERT_TRUE(writer->Publish().ok());
  EXPECT_EQ(Read("a"), "one two");
}

TEST_F(BlobsTest, TheFirstBytesCanBeReplacedAndAllForgotten) {
  std::unique_ptr<BlobWriter> writer = blobs_->Create("a").value();
  ASSERT_TRUE(writer->Append("wrong").ok());
  ASSERT_TRUE(writer->Clear().ok());
  ASSERT_TRUE(writer->Append("one two").ok());
  ASSERT_TRUE(writer->Overwrite("two").ok());
  ASSERT_TRUE(writer->Publish().ok());
  EXPECT_EQ(Read("a"), "two two");
}

TEST_F(BlobsTest, WhatIsNoLongerInMemoryIsReadAgain) {
  std::string bytes;
  for (int i = 0; bytes.size() < (50 << 20); ++i) bytes += std::to_string(i);
  std::unique_ptr<BlobWriter> writer = blobs_->Create("a").value();
  for (size_t at = 0; at < bytes.size(); at += 1 << 20) {
    ASSERT_TRUE(writer->Append(std::string_view(bytes).substr(at, 1 << 20)).ok());
  }
  ASSERT_TRUE(writer->Publish().ok());
  const auto mapped = blobs_->Map("a").value();
  mapped->Forget(0, bytes.size() / 2);
  mapped->Forget(bytes.size() / 2 + 1, bytes.size());
  EXPECT_TRUE(mapped->bytes() == bytes);
}

TEST_F(BlobsTest, ABlobHasNoNameBeforeItIsPublished) {
  std::unique_ptr<BlobWriter> writer = blobs_->Create("a").value();
  ASSERT_TRUE(writer->Append("half").ok());
  EXPECT_TRUE(absl::IsNotFound(blobs_->Map("a").status()));
  EXPECT_THAT(blobs_->List().value(), ElementsAre());
}

TEST_F(BlobsTest, PublishingReplacesTheWholeBlob) {
  Write("a", "the old and longer content");
  std::unique_ptr<BlobWriter> writer = blobs_->Create("a").value();
  ASSERT_TRUE(writer->Append("new").ok());
  const auto old = blobs_->Map("a").value();
  ASSERT_TRUE(writer->Publish().ok());
  EXPECT_EQ(old->bytes(), "the old and longer content");
  EXPECT_EQ(Read("a"), "new");
}

TEST_F(BlobsTest, AWriterThatDidNotPublishLeavesNothing) {
  { const auto writer = blobs_->Create("a").value(); }
  EXPECT_EQ(FilesIn("/blobs"), 0);
}

TEST_F(BlobsTest, TemporaryFilesOfACrashAreRemovedAtOpen) {
  Write("kept", "x");
  const std::unique_ptr<BlobWriter> crashed = blobs_->Create("lost").value();
  ASSERT_EQ(FilesIn("/blobs"), 2);
  ASSERT_TRUE(Blobs::Open(folder_.path()).ok());
  EXPECT_EQ(FilesIn("/blobs"), 1);
  EXPECT_EQ(Read("kept"), "x");
}

TEST_F(BlobsTest, ListsNamesInOrder) {
  Write("b", "x");
  Write("a-1.ckpt", "x");
  EXPECT_THAT(blobs_->List().value(), ElementsAre("a-1.ckpt", "b"));
}

TEST_F(BlobsTest, ARemovedBlobIsNotFoundAndStaysReadableWhereItIsMapped) {
  Write("a", "content");
  const auto mapped = blobs_->Map("a").value();
  ASSERT_TRUE(blobs_->Remove("a").ok());
  EXPECT_TRUE(absl::IsNotFound(blobs_->Map("a").status()));
  EXPECT_TRUE(absl::IsNotFound(blobs_->Remove("a")));
  EXPECT_EQ(mapped->bytes(), "content");
}

TEST_F(BlobsTest, AnUploadKeepsItsSizeAcrossReopening) {
  {
    const auto upload = blobs_->OpenUpload("u").value();
    EXPECT_EQ(upload->size(), 0);
    ASSERT_TRUE(upload->Append("12345").ok());
    ASSERT_TRUE(upload->Sync().ok());
  }
  blobs_ = Blobs::Open(folder_.path()).value();
  const auto upload = blobs_->OpenUpload("u").value();
  EXPECT_EQ(upload->size(), 5);
  ASSERT_TRUE(upload->Append("678").ok());
  EXPECT_EQ(blobs_->MapUpload("u").value()->bytes(), "12345678");
}

TEST_F(BlobsTest, AnUploadIsCutToWhatWasToldToBeStored) {
  ASSERT_TRUE(blobs_->OpenUpload("u").value()->Append("12345").ok());
  const auto upload = blobs_->OpenUpload("u", 3).value();
  EXPECT_EQ(upload->size(), 3);
  ASSERT_TRUE(upload->Append("x").ok());
  EXPECT_EQ(blobs_->MapUpload("u").value()->bytes(), "123x");
}

TEST_F(BlobsTest, ARemovedUploadIsNotFound) {
  ASSERT_TRUE(blobs_->OpenUpload("u").ok());
  ASSERT_TRUE(blobs_->RemoveUpload("u").ok());
  EXPECT_TRUE(absl::IsNotFound(blobs_->MapUpload("u").status()));
  EXPECT_TRUE(absl::IsNotFound(blobs_->RemoveUpload("u")));
}

TEST_F(BlobsTest, AWriteThatFailsLeavesWhatWasWrittenBefore) {
  const auto upload = blobs_->OpenUpload("u").value();
  ASSERT_TRUE(upload->Append(std::string(1000, 'a')).ok());
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {.rlim_cur = 1500, .rlim_max = before.rlim_max};
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = upload->Append(std::string(1000, 'b'));  // half of it can be written
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(upload->size(), 1000);
  ASSERT_TRUE(upload->Append("c").ok());
  EXPECT_EQ(blobs_->MapUpload("u").value()->bytes(), std::string(1000, 'a') + "c");
}

TEST_F(BlobsTest, TellsTheRoomOnTheDisk) {
  struct statvfs disk;
  ASSERT_EQ(statvfs(folder_.path().c_str(), &disk), 0);
  EXPECT_GT(blobs_->FreeBytes(), 0);
  EXPECT_LE(blobs_->FreeBytes(), static_cast<int64_t>(disk.f_blocks) * static_cast<int64_t>(disk.f_frsize));
}

TEST_F(BlobsTest, ADiskThatCannotBeExaminedHasNoRoom) {
  fs::remove_all(folder_.path());
  EXPECT_EQ(blobs_->FreeBytes(), 0);
  EXPECT_TRUE(blobs_->ShortOfRoom());
}

TEST(ShortOfRoomTest, ASmallDiskIsShortBelowFivePercent) {
  constexpr int64_t kTotal = int64_t{10} << 30;
  EXPECT_TRUE(IsShortOfRoom(kTotal / 20 - 1, kTotal));
  EXPECT_FALSE(IsShortOfRoom(kTotal / 20, kTotal));
}

TEST(ShortOfRoomTest, ALargeDiskIsShortBelowOneGibibyte) {
  constexpr int64_t kTotal = int64_t{10} << 40;
  EXPECT_TRUE(IsShortOfRoom((int64_t{1} << 30) - 1, kTotal));
  EXPECT_FALSE(IsShortOfRoom(int64_t{1} << 30, kTotal));
}

TEST(FileErrorTest, AFullDiskOrQuotaIsStorageFull) {
  for (const int error : {ENOSPC, EDQUOT}) {
    errno = error;
    const absl::Status status = FileError("write", "/data/x");
    EXPECT_EQ(ErrorReason(status), "STORAGE_FULL");
    EXPECT_TRUE(absl::StartsWith(status.message(), "cannot write /data/x: ")) << status;
  }
}

TEST(SyncFolderTest, AMissingFolderIsNotFound) {
  TemporaryFolder folder;
  EXPECT_TRUE(SyncFolder(folder.path()).ok());
  EXPECT_TRUE(absl::IsNotFound(SyncFolder(folder.path() + "/none")));
}

TEST(GrowingFileTest, AWriteToAFullDeviceIsStorageFull) {
  GrowingFile file = GrowingFile::Open("/dev/full", std::numeric_limits<int64_t>::max()).value();
  EXPECT_EQ(ErrorReason(file.Append("x")), "STORAGE_FULL");
  EXPECT_EQ(file.size(), 0);
}

}  // namespace
}  // namespace trainyard
