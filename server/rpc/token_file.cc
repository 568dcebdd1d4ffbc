#include "server/rpc/token_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "server/rpc/text_file.h"

namespace trainyard {
namespace {

// A change holds after two looks, within a second.
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(400);

absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
  absl::StatusOr<std::vector<Token>> tokens = ParseTokens(text);
  if (tokens.ok()) return tokens;
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", tokens.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TokenFile>> TokenFile::Open(const std::string& path, Reread reread) {
  const Stamp stamp = StampOf(path);
  ASSIGN_OR_RETURN(std::vector<Token> tokens, ReadTokens(path));
  return std::unique_ptr<TokenFile>(new TokenFile(path, stamp, std::move(tokens), std::move(reread)));
}

TokenFile::TokenFile(std::string path, Stamp stamp, std::vector<Token> tokens, Reread reread)
    : path_(std::move(path)),
      reread_(std::move(reread)),
      change_(stamp),
      tokens_(std::make_shared<const std::vector<Token>>(std::move(tokens))),
      follower_([this] { Follow(); }) {}

TokenFile::~TokenFile() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  follower_.join();
}

std::shared_ptr<const std::vector<Token>> TokenFile::tokens() const {
  absl::MutexLock lock(&mutex_);
  return tokens_;
}

TokenFile::Stamp TokenFile::StampOf(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return {};
  const int64_t changed = int64_t{found.st_ctim.tv_sec} * 1'000'000'000 + found.st_ctim.tv_nsec;
  return {found.st_dev, found.st_ino, found.st_size, changed};
}

void TokenFile::Follow() {
  const auto closed = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_; };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&closed), kBetweenLooks)) return;
    }
    if (!change_.Settled(StampOf(path_))) continue;
    absl::StatusOr<std::vector<Token>> tokens = ReadTokens(path_);
    const absl::Status status = tokens.status();
    if (status.ok()) {
      absl::MutexLock lock(&mutex_);
      tokens_ = std::make_shared<const std::vector<Token>>(*std::move(tokens));
    }
    reread_(status);
  }
}

absl::Status AppendToken(const std::string& path, const Token& token) {
  ASSIGN_OR_RETURN(std::string line, LineOf(token));
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return absl::FailedPreconditionError(absl::StrCat("can't write to ", path, ": ", strerror(errno)));
  absl::StatusOr<std::vector<Token>> former = ReadTokens(path);
  absl::Status status = former.status();
  const auto is_same = [&token](const Token& other) { return other.caller.name == token.caller.name; };
  if (former.ok() && std::any_of(former->begin(), former->end(), is_same)) {
    status = absl::AlreadyExistsError(absl::StrCat(path, " has a token of the name ", token.caller.name,
                                                   " already; remove its line, or choose another name"));
  }
  char last = '\n';
  const off_t size = lseek(fd, 0, SEEK_END);
  if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n') line = absl::StrCat("\n", line);
  absl::StrAppend(&line, "\n");
  // One write: a server that rereads meanwhile sees all of the line or nothing.
  if (status.ok() && (write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size()) || fsync(fd) != 0)) {
    status = absl::FailedPreconditionError(absl::StrCat("can't write to ", path, ": ", strerror(errno)));
  }
  close(fd);
  return status;
}

}  // namespace trainyard
