#include "server/run/dataset_table.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/crc32c.h"
#include "core/base/status.h"
#include "gtest/gtest.h"
#include "tests/server/run/all_tables.h"
#include "tests/server/store/temporary_store.h"

namespace trainyard {
namespace {

constexpr absl::Duration kLong = absl::Hours(1);
constexpr absl::Duration kNone = absl::ZeroDuration();

class StaleUploadTest : public testing::Test {
 protected:
  StaleUploadTest()
      : queue_(CommitQueue::Open(folder_.Database()).value()),
        catalogue_(Catalogue::Open(folder_.Database()).value()),
        blobs_(Blobs::Open(folder_.path()).value()) {
    Restart(kLong);
  }

  void Restart(absl::Duration lifetime) {
    table_ = std::make_unique<DatasetTable>(DatasetLimits{.open_uploads = 1, .upload_lifetime = lifetime}, *queue_,
                                            *catalogue_, *blobs_);
    EXPECT_TRUE(table_->Recover().ok());
  }

  absl::StatusOr<v1::Upload> Open() {
    v1::CreateUploadRequest request;
    request.mutable_dataset()->set_name("datasets/new");
    request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
    return table_->CreateUpload(request, Caller());
  }

  void Append(DatasetTable::Writer& writer, int64_t offset) {
    const std::string bytes = "a,b\n";
    EXPECT_TRUE(writer.Write(offset, Crc32c(bytes), bytes).ok());
  }

  TemporaryFolder folder_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<Catalogue> catalogue_;
  std::unique_ptr<Blobs> blobs_;
  std::unique_ptr<DatasetTable> table_;
};

TEST_F(StaleUploadTest, ReadOptionsOfMoreThan256KiBAreRefused) {
  v1::CreateUploadRequest request;
  request.mutable_dataset()->set_name("datasets/new");
  request.mutable_dataset()->mutable_read_options()->set_format(v1::FORMAT_CSV);
  request.mutable_dataset()->mutable_read_options()->add_missing(std::string(300'000, 'x'));
  EXPECT_EQ(table_->CreateUpload(request, Caller()).status().message(),
            "dataset.read_options = 300006 bytes, must be at most 262144 bytes");
}

TEST_F(StaleUploadTest, AnUploadToWhichNothingCameMakesRoomForTheNext) {
  Restart(kNone);
  const std::string first = Open()->name();
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(absl::IsNotFound(table_->GetUpload(first).status()));
  EXPECT_EQ(blobs_->ListUploads()->size(), 1);
}

TEST_F(StaleUploadTest, UntilItsTimeIsOverItTakesItsPlace) {
  const std::string first = Open()->name();
  EXPECT_TRUE(absl::IsResourceExhausted(Open().status()));
  EXPECT_TRUE(table_->GetUpload(first).ok());
}

TEST_F(StaleUploadTest, TheTimeOfAnUploadBeginsAnewWithItsLastByte) {
  Restart(kNone);
  const std::string first = Open()->name();
  Append(**table_->Write(first), 0);
  const std::filesystem::path file = std::filesystem::path(folder_.path()) / "uploads" / blobs_->ListUploads()->front();
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_TRUE(absl::IsResourceExhausted(Open().status()));
  Restart(kNone);
  EXPECT_EQ(table_->GetUpload(first)->received_bytes(), 4);
}

TEST_F(StaleUploadTest, AnUploadThatAStreamHasStays) {
  Restart(kNone);
  const std::string first = Open()->name();
  const std::unique_ptr<DatasetTable::Writer> stream = *table_->Write(first);
  EXPECT_TRUE(absl::IsResourceExhausted(Open().status()));
  Append(*stream, 0);
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(StaleUploadTest, AStartDropsWhatIsOver) {
  const std::string first = Open()->name();
  Restart(kNone);
  EXPECT_TRUE(absl::IsNotFound(table_->GetUpload(first).status()));
}

using DeleteDatasetTest = AllTables;

TEST_F(DeleteDatasetTest, OfTwoAtOnceOneFindsNothing) {
  v1::DeleteDatasetRequest request;
  request.set_name("datasets/iris");
  request.set_etag(Commit(Upload("datasets/iris"))->etag());
  std::array<absl::Status, 2> answers;
  {
    WriterGate gate(*queue_);
    std::array<std::thread, 2> callers;
    for (size_t i = 0; i < 2; ++i) callers[i] = std::thread([&, i] { answers[i] = datasets_.Delete(request); });
    absl::SleepFor(absl::Milliseconds(50));  // both look at what is there, if they may
    gate.Open();
    for (std::thread& caller : callers) caller.join();
  }
  EXPECT_EQ(answers[0].ok() + answers[1].ok(), 1);
  EXPECT_EQ(ErrorReason(answers[answers[0].ok() ? 1 : 0]), "NO_SUCH_DATA_SET");
}

// The server drains when the first bytes of a data set are written.
class DrainedCommitTest : public AllTables {
 protected:
  DrainedCommitTest() : system_(SystemFileCalls()) { table_ = &datasets_; }
  ~DrainedCommitTest() override { SystemFileCalls() = system_; }

  std::string UploadRows(int64_t count) {
    std::string csv = "a,b\n";
    for (int64_t row = 0; row < count; ++row) absl::StrAppend(&csv, row, ",", row % 7, "\n");
    const std::string upload = OpenUpload("datasets/rows")->name();
    EXPECT_TRUE(datasets_.Write(upload).value()->Write(0, Crc32c(csv), csv).ok());
    return upload;
  }

  static void DrainAtNextWrite() {
    writes_ = 0;
    SystemFileCalls().pwrite = [](int fd, const void* bytes, size_t count, off_t offset) {
      ++writes_;
      table_->Drain();
      return pwrite(fd, bytes, count, offset);
    };
  }

  static inline DatasetTable* table_ = nullptr;
  static inline int writes_ = 0;
  const FileCalls system_;
};

TEST_F(DrainedCommitTest, EndsAndLeavesTheUploadToTheNextServer) {
  const std::string upload = UploadRows(1'000'000);
  DrainAtNextWrite();
  EXPECT_EQ(ErrorReason(Commit(upload).status()), "DRAINING");
  EXPECT_EQ(writes_, 1);
  SystemFileCalls() = system_;
  DatasetTable next(DatasetLimits(), *queue_, *catalogue_, *blobs_);
  ASSERT_TRUE(next.Recover().ok());
  v1::CommitUploadRequest request;
  request.set_name(upload);
  EXPECT_EQ(next.Commit(request)->row_count(), 1'000'000);
}

using RepeatedCommitTest = AllTables;

TEST_F(RepeatedCommitTest, ReturnsTheDataSetThatWasMadeOfTheUpload) {
  const std::string upload = Upload("datasets/iris");
  const v1::Dataset made = Commit(upload).value();
  EXPECT_EQ(Commit(upload)->SerializeAsString(), made.SerializeAsString());
}

TEST_F(RepeatedCommitTest, WithAnotherDigestIsRefused) {
  v1::CommitUploadRequest request;
  request.set_name(Upload("datasets/iris"));
  request.set_digest(Commit(request.name())->digest());
  EXPECT_TRUE(datasets_.Commit(request).ok());
  request.set_digest(std::string(64, '0'));
  EXPECT_EQ(ErrorReason(datasets_.Commit(request).status()), "DIGEST_MISMATCH");
}

TEST_F(RepeatedCommitTest, FindsNothingOnceTheDataSetIsDeleted) {
  const std::string upload = Upload("datasets/iris");
  ASSERT_TRUE(Commit(upload).ok());
  v1::DeleteDatasetRequest request;
  request.set_name("datasets/iris");
  ASSERT_TRUE(datasets_.Delete(request).ok());
  EXPECT_EQ(ErrorReason(Commit(upload).status()), "NO_SUCH_UPLOAD");
}

}  // namespace
}  // namespace trainyard
