// Flags and variables that say how to reach the server: where it is, how to know it, what to show it.

#ifndef TRAINYARD_CLIENT_CLI_CONNECTION_FLAGS_H_
#define TRAINYARD_CLIENT_CLI_CONNECTION_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cpp/credentials.h"

namespace CLI {
class App;
}

namespace trainyard::cli {

struct ConnectionFlags {
  std::string server = "127.0.0.1:50551";

  // Each of the files asks for TLS as well.
  bool tls = false;
  client::TlsOptions files;

  // Before TRAINYARD_TOKEN.
  std::string token_file;
};

// `flags` must outlive `program`'s parsing.
void AddConnectionFlags(CLI::App& program, ConnectionFlags& flags);

bool UsesTls(const ConnectionFlags& flags);

// INVALID_ARGUMENT: the file of the token can't be read.
absl::StatusOr<client::Credentials> CredentialsOf(const ConnectionFlags& flags);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_CONNECTION_FLAGS_H_
