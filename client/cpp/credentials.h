// How a client knows its server, and shows who it is.

#ifndef TRAINYARD_CLIENT_CPP_CREDENTIALS_H_
#define TRAINYARD_CLIENT_CPP_CREDENTIALS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/channel_arguments.h"

namespace trainyard::client {

// Paths of PEM files.
struct TlsOptions {
  // Roots, one of which must have signed the server's certificate. Empty: those that the system trusts.
  std::string ca;

  // The client's own certificate and its private key, for servers that ask for one. Both or neither.
  std::string certificate;
  std::string key;
};

struct Credentials {
  // nullopt: nothing is encrypted.
  std::optional<TlsOptions> tls;

  // Shown with each call; empty: none.
  std::string token;
};

// A channel whose calls all carry the token, those of stubs made by others as well. INVALID_ARGUMENT: a file can't be read; a token that
// is none; a token without TLS for an address beyond loopback, where everyone on the way could read it.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address, const Credentials& credentials,
                                                           const grpc::ChannelArguments& arguments);

// What the file holds, without the white space around it. INVALID_ARGUMENT: it can't be read; it holds nothing else.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_CREDENTIALS_H_
