// Calls of the system that fail or do half of their work below the store's files.

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/blobs.h"
#include "server/store/database.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

using testing::ElementsAre;

class FailingFilesTest : public testing::Test {
 protected:
  static int Fail(int error) {
    errno = error;
    return -1;
  }

  template <int kError>
  static ssize_t WriteHalfThenFail(int fd, const void* bytes, size_t count, off_t offset) {
    return count < 10 ? Fail(kError) : pwrite(fd, bytes, count / 2, offset);
  }

  FailingFilesTest() : system_(SystemFileCalls()), blobs_(Blobs::Open(folder_.path()).value()) {}
  ~FailingFilesTest() override { SystemFileCalls() = system_; }

  std::string Uploaded() { return std::string(blobs_->MapUpload("u").value()->bytes()); }
  int64_t BlobFiles() {
    return std::distance(std::filesystem::directory_iterator(folder_.path() + "/blobs"),
                         std::filesystem::directory_iterator());
  }
  absl::Status WriteBlob(const std::string& name) {
    const std::unique_ptr<BlobWriter> writer = blobs_->Create(name).value();
    RETURN_IF_ERROR(writer->Append("content"));
    return writer->Publish();
  }

  const FileCalls system_;
  TemporaryFolder folder_;
  std::unique_ptr<Blobs> blobs_;
};

TEST_F(FailingFilesTest, ShortWritesAreContinued) {
  SystemFileCalls().pwrite = [](int fd, const void* bytes, size_t count, off_t offset) {
    return pwrite(fd, bytes, std::min<size_t>(count, 3), offset);
  };
  ASSERT_TRUE(blobs_->OpenUpload("u").value()->Append("0123456789").ok());
  EXPECT_EQ(Uploaded(), "0123456789");
}

TEST_F(FailingFilesTest, AWriteThatWasInterruptedIsMadeAgain) {
  SystemFileCalls().pwrite = [](int fd, const void* bytes, size_t count, off_t offset) -> ssize_t {
    static int calls = 0;
    return ++calls % 2 == 1 ? Fail(EINTR) : pwrite(fd, bytes, count, offset);
  };
  ASSERT_TRUE(blobs_->OpenUpload("u").value()->Append("0123456789").ok());
  EXPECT_EQ(Uploaded(), "0123456789");
}

TEST_F(FailingFilesTest, AnAppendThatFailsHalfwayLeavesWhatWasBefore) {
  const auto upload = blobs_->OpenUpload("u").value();
  ASSERT_TRUE(upload->Append("before").ok());
  for (const bool full : {false, true}) {
    SystemFileCalls().pwrite = full ? WriteHalfThenFail<ENOSPC> : WriteHalfThenFail<EIO>;
    const absl::Status status = upload->Append("0123456789");
    EXPECT_EQ(IsStorageFull(status), full) << status;
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(Uploaded(), "before");
  }
  SystemFileCalls().pwrite = system_.pwrite;
  ASSERT_TRUE(upload->Append(" after").ok());
  EXPECT_EQ(Uploaded(), "before after");
}

TEST_F(FailingFilesTest, ABlobThatCannotBeSyncedOrNamedIsNotThereAndLeavesNothing) {
  SystemFileCalls().fdatasync = [](int) { return Fail(EIO); };
  EXPECT_FALSE(WriteBlob("a").ok());
  SystemFileCalls().fdatasync = system_.fdatasync;
  SystemFileCalls().rename = [](const char*, const char*) { return Fail(ENOSPC); };
  EXPECT_TRUE(IsStorageFull(WriteBlob("a")));
  EXPECT_EQ(BlobFiles(), 0);
  SystemFileCalls().rename = system_.rename;
  EXPECT_TRUE(WriteBlob("a").ok());
  EXPECT_THAT(blobs_->List().value(), ElementsAre("a"));
}

TEST_F(FailingFilesTest, ABlobWhoseFolderCannotBeSyncedIsNotToldToBePublished) {
  SystemFileCalls().fsync = [](int) { return Fail(EIO); };
  EXPECT_FALSE(WriteBlob("a").ok());
}

TEST_F(FailingFilesTest, AnUploadThatCannotBeSyncedKeepsWhatWasSafeBefore) {
  const auto upload = blobs_->OpenUpload("u").value();
  ASSERT_TRUE(upload->Append("safe").ok());
  ASSERT_TRUE(upload->Sync().ok());
  ASSERT_TRUE(upload->Append(" doubtful").ok());
  SystemFileCalls().fdatasync = [](int) { return Fail(EIO); };
  EXPECT_FALSE(upload->Sync().ok());
  EXPECT_EQ(upload->size(), 4);
  EXPECT_EQ(Uploaded(), "safe");
  SystemFileCalls().fdatasync = system_.fdatasync;
  ASSERT_TRUE(upload->Append(" again").ok());
  EXPECT_TRUE(upload->Sync().ok());
  EXPECT_EQ(Uploaded(), "safe again");
}

class FailingWriteBackTest : public FailingFilesTest {
 protected:
  static constexpr int64_t kLarge = int64_t{50} << 20;  // beyond what stays in memory

  // The `call`-th is told of a page that could not be written; no other call is.
  void FailOne(int call) {
    calls_until_failure_ = call;
    SystemFileCalls().sync_file_range = [](int fd, off64_t offset, off64_t count, unsigned flags) {
      return --calls_until_failure_ == 0 ? Fail(EIO) : sync_file_range(fd, offset, count, flags);
    };
  }
  template <typename File>
  static void AppendLarge(File& file) {
    const std::string piece(1 << 20, 'x');
    for (int64_t size = 0; size < kLarge; size += std::ssize(piece)) ASSERT_TRUE(file.Append(piece).ok());
  }

  static inline int calls_until_failure_ = 0;
};

TEST_F(FailingWriteBackTest, AnUploadThatCouldNotBeWrittenBackKeepsWhatWasSafeBefore) {
  const auto upload = blobs_->OpenUpload("u").value();
  for (const int call : {1, 7}) {  // that begins to write, and that waits for it
    ASSERT_TRUE(upload->Append("safe").ok());
    ASSERT_TRUE(upload->Sync().ok());
    const int64_t safe = upload->size();
    FailOne(call);
    AppendLarge(*upload);
    EXPECT_FALSE(upload->Sync().ok());
    EXPECT_EQ(upload->size(), safe);
    EXPECT_LE(calls_until_failure_, 0);
  }
  EXPECT_TRUE(upload->Sync().ok());
  EXPECT_EQ(Uploaded(), "safesafe");
}

TEST_F(FailingWriteBackTest, ABlobThatCouldNotBeWrittenBackIsNotPublishedUntilItIsWrittenAnew) {
  const auto writer = blobs_->Create("a").value();
  FailOne(1);
  AppendLarge(*writer);
  EXPECT_FALSE(writer->Publish().ok());
  EXPECT_TRUE(blobs_->List().value().empty());
  FailOne(1);
  AppendLarge(*writer);
  ASSERT_TRUE(writer->Clear().ok());
  AppendLarge(*writer);
  EXPECT_TRUE(writer->Publish().ok());
}

TEST_F(FailingWriteBackTest, ASystemWithoutTheCallSyncsAllTheSame) {
  SystemFileCalls().sync_file_range = [](int, off64_t, off64_t, unsigned) { return Fail(ENOSYS); };
  const auto upload = blobs_->OpenUpload("u").value();
  AppendLarge(*upload);
  EXPECT_TRUE(upload->Sync().ok());
}

}  // namespace
}  // namespace trainyard
