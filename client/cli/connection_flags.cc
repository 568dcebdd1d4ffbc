#include "client/cli/connection_flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "client/cpp/status_macros.h"

namespace trainyard::cli {

void AddConnectionFlags(CLI::App& program, ConnectionFlags& flags) {
  program.add_option("--server", flags.server, "Where the server listens: host:port or unix:/path")
      ->envname("TRAINYARD_SERVER")
      ->capture_default_str();
  program.add_flag("--tls", flags.tls, "Use TLS, with the roots that the system trusts")->envname("TRAINYARD_TLS");
  program.add_option("--tls-ca", flags.files.ca, "Use TLS, with the roots of this PEM file")
      ->envname("TRAINYARD_TLS_CA")
      ->type_name("FILE");
  program.add_option("--tls-certificate", flags.files.certificate, "Use TLS, and show the server this certificate")
      ->envname("TRAINYARD_CLIENT_CERTIFICATE")
      ->type_name("FILE");
  program.add_option("--tls-key", flags.files.key, "Its private key")
      ->envname("TRAINYARD_CLIENT_KEY")
      ->type_name("FILE");
  program
      .add_option("--token-file", flags.token_file, "File with the token to show; without it TRAINYARD_TOKEN is shown")
      ->envname("TRAINYARD_TOKEN_FILE")
      ->type_name("FILE");
}

bool UsesTls(const ConnectionFlags& flags) {
  return flags.tls || !flags.files.ca.empty() || !flags.files.certificate.empty() || !flags.files.key.empty();
}

absl::StatusOr<client::Credentials> CredentialsOf(const ConnectionFlags& flags) {
  client::Credentials credentials;
  if (UsesTls(flags)) credentials.tls = flags.files;
  if (!flags.token_file.empty()) {
    ASSIGN_OR_RETURN(credentials.token, client::ReadTokenFile(flags.token_file));
  } else if (const char* const token = std::getenv("TRAINYARD_TOKEN"); token != nullptr) {
    credentials.token = token;
  }
  return credentials;
}

}  // namespace trainyard::cli
