#include "server/rpc/security_flags.h"

#include <CLI/CLI.hpp>

namespace trainyard {

void AddSecurityFlags(CLI::App& app, SecurityOptions& options) {
  app.add_option("--tls-certificate", options.tls_certificate,
                 "The server's certificate in PEM form, read anew when it changes")
      ->envname("TRAINYARD_TLS_CERTIFICATE");
  app.add_option("--tls-key", options.tls_key, "Its private key")->envname("TRAINYARD_TLS_KEY");
  app.add_option("--tls-client-ca", options.tls_client_ca, "Only clients with a certificate of these roots may connect")
      ->envname("TRAINYARD_TLS_CLIENT_CA");
  app.add_option("--tokens", options.tokens,
                 "File of the tokens that callers need, read anew when it changes; see `token new`")
      ->envname("TRAINYARD_TOKENS");
  app.add_option(
         "--audit-log", options.audit_log,
         "File that keeps who changed what and who was refused; -: stderr, as without it where there are tokens")
      ->envname("TRAINYARD_AUDIT_LOG");
  app.add_flag("--insecure", options.insecure, "Listen beyond loopback without encryption and authorisation")
      ->envname("TRAINYARD_INSECURE");
}

}  // namespace trainyard
