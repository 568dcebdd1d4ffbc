#include "server/rpc/token_file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TokenFileTest : public ::testing::Test {
 protected:
  TokenFileTest() {
    std::string name = ::testing::TempDir() + "tokensXXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ + "/tokens";
  }
  ~TokenFileTest() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& text) { std::ofstream(path_) << text; }

  static Token NamedToken(const std::string& name, char digit) {
    return {.caller = {.name = name}, .role = Role::kRead, .hash = std::string(64, digit)};
  }

  // Whether the file has that many tokens before the test's time is over.
  static void AwaitCount(const TokenFile& file, size_t count) {
    while (file.tokens()->size() != count) absl::SleepFor(absl::Milliseconds(10));
  }

  std::string folder_;
  std::string path_;
};

TEST_F(TokenFileTest, AMissingFileIsNotTakenForOneWithoutTokens) {
  EXPECT_EQ(TokenFile::Open(path_).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(TokenFile::Open(folder_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TokenFileTest, AFaultIsNamedByFileAndLine) {
  Write("a\n");
  const absl::Status status = TokenFile::Open(path_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": line 1: "));
}

TEST_F(TokenFileTest, AnAppendedTokenIsReadWhileTheFileIsOpen) {
  ASSERT_TRUE(AppendToken(path_, NamedToken("a", 'a')).ok());
  const auto file = TokenFile::Open(path_).value();
  EXPECT_THAT(*file->tokens(), SizeIs(1));
  ASSERT_TRUE(AppendToken(path_, NamedToken("b", 'b')).ok());
  AwaitCount(*file, 2);
}

TEST_F(TokenFileTest, ARemovedTokenIsForgottenWhileTheFileIsOpen) {
  Write("a read " + std::string(64, 'a') + "\n");
  const auto file = TokenFile::Open(path_).value();
  Write("");
  AwaitCount(*file, 0);
}

TEST_F(TokenFileTest, AFaultyFileLeavesTheFormerTokensInForce) {
  Write("a read " + std::string(64, 'a') + "\nb read " + std::string(64, 'b') + "\n");
  const auto file = TokenFile::Open(path_).value();
  ::testing::internal::CaptureStderr();
  Write("a\n");
  while (::testing::internal::GetCapturedStderr().empty()) {
    ::testing::internal::CaptureStderr();
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_THAT(*file->tokens(), SizeIs(2));
  Write("c read " + std::string(64, 'c') + "\n");
  AwaitCount(*file, 1);
}

TEST_F(TokenFileTest, ANewFileIsItsOwnersAlone) {
  ASSERT_TRUE(AppendToken(path_, NamedToken("a", 'a')).ok());
  struct stat found = {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST_F(TokenFileTest, ANameIsTakenOnce) {
  ASSERT_TRUE(AppendToken(path_, NamedToken("a", 'a')).ok());
  EXPECT_EQ(AppendToken(path_, NamedToken("a", 'b')).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(*TokenFile::Open(path_).value()->tokens(), SizeIs(1));
}

TEST_F(TokenFileTest, ALineWithoutAnEndGetsOne) {
  Write("a read " + std::string(64, 'a'));
  ASSERT_TRUE(AppendToken(path_, NamedToken("b", 'b')).ok());
  EXPECT_THAT(*TokenFile::Open(path_).value()->tokens(), SizeIs(2));
}

}  // namespace
}  // namespace trainyard
