// The file of tokens. What is written to it holds within about a second.

#ifndef TRAINYARD_SERVER_RPC_TOKEN_FILE_H_
#define TRAINYARD_SERVER_RPC_TOKEN_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/settled_change.h"
#include "server/rpc/token.h"

namespace trainyard {

// Thread-safe.
class TokenFile {
 public:
  // Told each time that the file was read again because it had changed: OK once its tokens hold, else why the former ones stay in force.
  using Reread = std::function<void(const absl::Status&)>;

  // INVALID_ARGUMENT: the file has a fault. FAILED_PRECONDITION: it can't be read.
  static absl::StatusOr<std::unique_ptr<TokenFile>> Open(const std::string& path, Reread reread);
  ~TokenFile();

  // Those of the file's last state that could be read.
  std::shared_ptr<const std::vector<Token>> tokens() const;

 private:
  // Device, inode, size, and time of the last change in nanoseconds: of its content, its owner or its rights.
  using Stamp = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;

  TokenFile(std::string path, Stamp stamp, std::vector<Token> tokens, Reread reread);
  static Stamp StampOf(const std::string& path);
  void Follow();

  const std::string path_;
  const Reread reread_;
  SettledChange<Stamp> change_;  // after construction used by follower_ alone
  mutable absl::Mutex mutex_;
  std::shared_ptr<const std::vector<Token>> tokens_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread follower_;
};

// Adds the token's line to the file, which is made, readable by its owner alone, where there is none. ALREADY_EXISTS: a token of this
// name is there; else the errors of Open and LineOf.
absl::Status AppendToken(const std::string& path, const Token& token);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_TOKEN_FILE_H_
