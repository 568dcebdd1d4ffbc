#include "client/cpp/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/client/fake_server.h"

namespace trainyard::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() : client_(*Client::Connect({.address = server_.address()})) {
    options_.dataset.set_name("datasets/d");
    options_.chunk_bytes = 10;
    options_.first_delay = absl::Milliseconds(1);
  }

  std::string WriteFile(const std::string& name, const std::string& content) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/upload_test_", getpid(), "_", name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  FakeServer server_;
  const std::unique_ptr<Client> client_;
  UploadOptions options_;
};

TEST_F(UploadTest, JoinsFiles) {
  options_.paths = {WriteFile("a", "twelve bytes"), WriteFile("b", ""), WriteFile("c", " and more")};
  const auto dataset = Upload(*client_, options_);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(server_.datasets.content, "twelve bytes and more");
  EXPECT_EQ(dataset->name(), "datasets/d");
}

TEST_F(UploadTest, GoesOnWhereTheBrokenStreamStopped) {
  options_.paths = {WriteFile("a", "0123456789abcdefghijABCDEFGHIJ+-*/")};
  server_.datasets.streams_to_break = 2;
  server_.datasets.chunks_before_break = 1;
  const auto dataset = Upload(*client_, options_);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(server_.datasets.content, "0123456789abcdefghijABCDEFGHIJ+-*/");
  EXPECT_THAT(server_.datasets.first_offsets, ElementsAre(0, 10, 20));
}

TEST_F(UploadTest, GivesUpAfterAttemptsWithoutProgress) {
  options_.paths = {WriteFile("a", "0123456789abc")};
  options_.attempts = 3;
  server_.datasets.streams_to_break = 1000;
  server_.datasets.chunks_before_break = 0;
  EXPECT_EQ(Upload(*client_, options_).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server_.datasets.streams_to_break, 997);
  EXPECT_THAT(server_.datasets.deleted, IsEmpty());
}

TEST_F(UploadTest, WaitsWhileAFormerCallHasTheUpload) {
  options_.paths = {WriteFile("a", "0123456789abc")};
  options_.attempts = 2;
  server_.datasets.busy_calls = 4;
  const auto dataset = Upload(*client_, options_);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(server_.datasets.content, "0123456789abc");
}

TEST_F(UploadTest, WaitsWhileAFormerCommitIsUnderWay) {
  options_.paths = {WriteFile("a", "")};
  options_.attempts = 2;
  server_.datasets.busy_calls = 4;
  EXPECT_TRUE(Upload(*client_, options_).ok());
}

TEST_F(UploadTest, ALostAnswerToTheCommitIsNotAnError) {
  options_.paths = {WriteFile("a", "content")};
  server_.datasets.lose_commit_answer = true;
  const auto dataset = Upload(*client_, options_);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->digest(), server_.datasets.committed.digest());
}

TEST_F(UploadTest, ADigestThatIsGivenMustBeThatOfTheContent) {
  options_.paths = {WriteFile("a", "content")};
  options_.digest = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
  EXPECT_TRUE(Upload(*client_, options_).ok());
}

TEST_F(UploadTest, AnotherDigestIsDataLoss) {
  options_.paths = {WriteFile("a", "content")};
  options_.digest = std::string(64, '0');
  EXPECT_EQ(Upload(*client_, options_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(UploadTest, AnUploadThatIsRefusedIsDropped) {
  options_.paths = {WriteFile("a", "content")};
  options_.digest = std::string(64, '0');
  EXPECT_FALSE(Upload(*client_, options_).ok());
  EXPECT_THAT(server_.datasets.deleted, ElementsAre("uploads/1"));
}

TEST_F(UploadTest, AnUploadThatIsCommittedIsNotDropped) {
  options_.paths = {WriteFile("a", "content")};
  EXPECT_TRUE(Upload(*client_, options_).ok());
  EXPECT_THAT(server_.datasets.deleted, IsEmpty());
}

TEST_F(UploadTest, TellsProgressUpToTheWhole) {
  options_.paths = {WriteFile("a", "0123456789abc")};
  std::vector<int64_t> sent;
  options_.progress = [&](int64_t bytes, int64_t) { sent.push_back(bytes); };
  ASSERT_TRUE(Upload(*client_, options_).ok());
  EXPECT_THAT(sent, ElementsAre(10, 13));
}

TEST_F(UploadTest, AMissingFileIsNotFound) {
  options_.paths = {"/no/such/file"};
  const absl::Status status = Upload(*client_, options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(IsFromServer(status));
}

TEST_F(UploadTest, AFolderIsRefused) {
  options_.paths = {::testing::TempDir()};
  EXPECT_EQ(Upload(*client_, options_).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace trainyard::client
