#include "client/cpp/export_model.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

class ExportModelTest : public ::testing::Test {
 protected:
  ExportModelTest() : client_(*Client::Connect({.address = server_.address()})) {
    folder_ = std::filesystem::path(::testing::TempDir()) / absl::StrCat("export_test_", getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~ExportModelTest() override { std::filesystem::remove_all(folder_); }

  absl::StatusOr<int64_t> Export() { return ExportModel(*client_, {}, (folder_ / "model.npz").string()); }

  int FileCount() const {
    return static_cast<int>(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }

  FakeServer server_;
  const std::unique_ptr<Client> client_;
  std::filesystem::path folder_;
};

TEST_F(ExportModelTest, WritesTheWholeFileAndNothingElse) {
  EXPECT_EQ(Export().value(), 1000);
  std::ostringstream content;
  content << std::ifstream(folder_ / "model.npz").rdbuf();
  EXPECT_EQ(content.str(), server_.models.content);
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(ExportModelTest, AWrongChecksumIsDataLossAndLeavesNoFile) {
  server_.models.wrong_checksum = true;
  EXPECT_EQ(Export().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(ExportModelTest, AWrongOffsetIsDataLossAndLeavesNoFile) {
  server_.models.wrong_offset = true;
  EXPECT_EQ(Export().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(ExportModelTest, AnEarlyEndIsDataLossAndLeavesNoFile) {
  server_.models.missing_bytes = 100;
  EXPECT_EQ(Export().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(FileCount(), 0);
}

TEST_F(ExportModelTest, ASymbolicLinkStaysAndWhatItNamesIsReplaced) {
  std::ofstream(folder_ / "old.npz") << "old";
  std::filesystem::create_symlink("old.npz", folder_ / "model.npz");
  EXPECT_EQ(Export().value(), 1000);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "model.npz"));
  EXPECT_EQ(std::filesystem::file_size(folder_ / "old.npz"), 1000u);
}

TEST_F(ExportModelTest, WhatIsNoFileIsLeftAlone) {
  ASSERT_EQ(mkfifo((folder_ / "model.npz").c_str(), 0600), 0);
  EXPECT_EQ(Export().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "model.npz"));
  EXPECT_EQ(FileCount(), 1);
}

TEST_F(ExportModelTest, AFailedExportLeavesTheOldFile) {
  std::ofstream(folder_ / "model.npz") << "old";
  server_.models.wrong_checksum = true;
  EXPECT_FALSE(Export().ok());
  std::ostringstream content;
  content << std::ifstream(folder_ / "model.npz").rdbuf();
  EXPECT_EQ(content.str(), "old");
}

}  // namespace
}  // namespace trainyard::client
