// The file of tokens. What is written to it holds within about a second.

#ifndef TRAINYARD_SERVER_RPC_TOKEN_FILE_H_
#define TRAINYARD_SERVER_RPC_TOKEN_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/rpc/token.h"

namespace trainyard {

// Thread-safe.
class TokenFile {
 public:
  // INVALID_ARGUMENT: the file has a fault. FAILED_PRECONDITION: it can't be read.
  static absl::StatusOr<std::unique_ptr<TokenFile>> Open(const std::string& path);
  ~TokenFile();

  // Those of the file's last state that could be read; of others stderr tells.
  std::shared_ptr<const std::vector<Token>> tokens() const;

 private:
  // Device, inode, size, and time of the last change in nanoseconds.
  using Stamp = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;

  TokenFile(std::string path, Stamp stamp, std::vector<Token> tokens);
  static Stamp StampOf(const std::string& path);
  void Reread();

  const std::string path_;
  Stamp stamp_;  // after construction used by rereader_ alone
  mutable absl::Mutex mutex_;
  std::shared_ptr<const std::vector<Token>> tokens_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread rereader_;
};

// Adds the token's line to the file, which is made, readable by its owner alone, where there is none. ALREADY_EXISTS: a token of this
// name is there; else the errors of Open and LineOf.
absl::Status AppendToken(const std::string& path, const Token& token);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_TOKEN_FILE_H_
