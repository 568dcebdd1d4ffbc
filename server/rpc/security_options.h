// How the server is shut off from those who should not reach it: addresses, TLS, tokens.

#ifndef TRAINYARD_SERVER_RPC_SECURITY_OPTIONS_H_
#define TRAINYARD_SERVER_RPC_SECURITY_OPTIONS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/security/server_credentials.h"

namespace trainyard {

// Paths of files; empty: none.
struct SecurityOptions {
  // PEM: the server's certificate, with those between it and a root, and its private key. Both or neither.
  std::string tls_certificate;
  std::string tls_key;

  // PEM: roots, one of which must have signed the certificate that each client then has to show.
  std::string tls_client_ca;

  // Lines as in token.h. Empty: no caller is asked for a token.
  std::string tokens;

  // Where calls that change something and refusals are kept; `-`: stderr. Empty: stderr where there are tokens, else nowhere.
  std::string audit_log;

  // Allows addresses beyond loopback although nothing there is encrypted or authorised.
  bool insecure = false;
};

// Whether only this machine reaches `address`, which is HOST:PORT or unix:PATH.
bool IsLoopback(const std::string& address);

// INVALID_ARGUMENT: the first option that does not fit the others or `listen`, by its flag.
absl::Status Validate(const SecurityOptions& options, const std::string& listen);

// With TLS, certificates, key and roots are read again when the files change: connections from then on have them. INVALID_ARGUMENT: a
// file is not what its flag says. FAILED_PRECONDITION: it can't be read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeCredentials(const SecurityOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_SECURITY_OPTIONS_H_
