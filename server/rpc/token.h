// Tokens: who may call, and how much. The server keeps their hashes alone, a line a token:
//
//   alice  train  5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8  jobs=10 upload-bytes=1GiB watchers=20
//
// that is: name, role, SHA-256 of the token in hexadecimal, and quotas, each of which may be left out. `#` begins a comment.

#ifndef TRAINYARD_SERVER_RPC_TOKEN_H_
#define TRAINYARD_SERVER_RPC_TOKEN_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/caller.h"

namespace trainyard {

// Each may do what those before it may.
enum class Role {
  kRead,   // look at everything, predict, evaluate, export
  kTrain,  // upload data sets, create, steer and verify jobs
  kAdmin,  // delete
};

std::string_view NameOf(Role role);

// INVALID_ARGUMENT: a FieldError on `role`.
absl::StatusOr<Role> ParseRole(std::string_view name);

struct Token {
  Caller caller;
  Role role = Role::kRead;
  std::string hash;
};

// INVALID_ARGUMENT: the first fault, with its line; two tokens of one name or one hash.
absl::StatusOr<std::vector<Token>> ParseTokens(std::string_view text);

// The line that ParseTokens reads, without its end. INVALID_ARGUMENT: a FieldError on `name`.
absl::StatusOr<std::string> LineOf(const Token& token);

// 256 random bits as text: `ty_` and 64 hexadecimal digits.
std::string NewSecret();

// The token with this secret, else null. Takes as long for one as for another.
const Token* FindToken(const std::vector<Token>& tokens, std::string_view secret);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_TOKEN_H_
