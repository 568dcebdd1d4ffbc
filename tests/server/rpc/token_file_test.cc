#include "server/rpc/token_file.h"

#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <fstream>

#include "absl/synchronization/mutex.h"
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

  // Opened for tests that change it.
  std::unique_ptr<TokenFile> Open() {
    return TokenFile::Open(path_,
                           [this](const absl::Status& status) {
                             absl::MutexLock lock(&mutex_);
                             told_.push_back(status);
                           })
        .value();
  }

  // What the file's next rereading told.
  absl::Status NextReread() {
    absl::MutexLock lock(&mutex_);
    const auto reread = [this] { return !told_.empty(); };
    mutex_.Await(absl::Condition(&reread));
    absl::Status status = told_.front();
    told_.pop_front();
    return status;
  }

  absl::Mutex mutex_;
  std::deque<absl::Status> told_;
  std::string folder_;
  std::string path_;
};

TEST_F(TokenFileTest, AMissingFileIsNotTakenForOneWithoutTokens) {
  EXPECT_EQ(TokenFile::Open(path_, nullptr).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(TokenFile::Open(folder_, nullptr).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TokenFileTest, AFaultIsNamedByFileAndLine) {
  Write("a\n");
  const absl::Status status = TokenFile::Open(path_, nullptr).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": line 1: "));
}

TEST_F(TokenFileTest, AnAppendedTokenIsReadWhileTheFileIsOpen) {
  ASSERT_TRUE(AppendToken(path_, NamedToken("a", 'a')).ok());
  const auto file = Open();
  EXPECT_THAT(*file->tokens(), SizeIs(1));
  ASSERT_TRUE(AppendToken(path_, NamedToken("b", 'b')).ok());
  EXPECT_TRUE(NextReread().ok());
  EXPECT_THAT(*file->tokens(), SizeIs(2));
}

TEST_F(TokenFileTest, ARemovedTokenIsForgottenWhileTheFileIsOpen) {
  Write("a read " + std::string(64, 'a') + "\n");
  const auto file = Open();
  Write("");
  EXPECT_TRUE(NextReread().ok());
  EXPECT_THAT(*file->tokens(), SizeIs(0));
}

TEST_F(TokenFileTest, AFaultyFileLeavesTheFormerTokensInForce) {
  Write("a read " + std::string(64, 'a') + "\nb read " + std::string(64, 'b') + "\n");
  const auto file = Open();
  Write("a\n");
  EXPECT_THAT(std::string(NextReread().message()), HasSubstr("line 1"));
  EXPECT_THAT(*file->tokens(), SizeIs(2));
  Write("c read " + std::string(64, 'c') + "\n");
  EXPECT_TRUE(NextReread().ok());
  EXPECT_THAT(*file->tokens(), SizeIs(1));
}

// So does one whose owner or rights are mended after it was written.
TEST_F(TokenFileTest, AFileThatKeepsSizeAndTimeOfWritingIsReadAgain) {
  Write("a read " + std::string(64, 'a') + "\n");
  const auto written = std::filesystem::last_write_time(path_);
  const auto file = Open();
  Write("b read " + std::string(64, 'b') + "\n");
  std::filesystem::last_write_time(path_, written);
  EXPECT_TRUE(NextReread().ok());
  EXPECT_EQ(file->tokens()->front().caller.name, "b");
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
  EXPECT_THAT(*TokenFile::Open(path_, nullptr).value()->tokens(), SizeIs(1));
}

TEST_F(TokenFileTest, ALineWithoutAnEndGetsOne) {
  Write("a read " + std::string(64, 'a'));
  ASSERT_TRUE(AppendToken(path_, NamedToken("b", 'b')).ok());
  EXPECT_THAT(*TokenFile::Open(path_, nullptr).value()->tokens(), SizeIs(2));
}

}  // namespace
}  // namespace trainyard
