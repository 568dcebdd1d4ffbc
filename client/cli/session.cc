#include "client/cli/session.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/text.h"
#include "client/cpp/status.h"
#include "client/cpp/status_macros.h"

namespace trainyard::cli {

absl::StatusOr<std::unique_ptr<client::Client>> Session::Connect() const {
  ASSIGN_OR_RETURN(client::Credentials credentials, CredentialsOf(connection));
  return client::Client::Connect({.address = connection.server, .credentials = std::move(credentials)});
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kSuccess;
  const bool refused_by_server = client::IsFromServer(status);
  if (absl::IsUnavailable(status) || (absl::IsDeadlineExceeded(status) && refused_by_server)) return kUnreachable;
  return refused_by_server ? kRefused : kUsage;
}

void PrintError(const absl::Status& status, const Session& session) {
  std::ostream& err = session.console.err;
  err << "trainyard: " << Printable(status.message()) << '\n';
  const client::ErrorDetails details = client::DetailsOf(status);
  for (const client::FieldViolation& violation : details.fields) {
    if (absl::StrContains(status.message(), violation.description)) continue;
    err << "  " << Printable(violation.field) << ": " << Printable(violation.description) << '\n';
  }
  if (!details.reason.empty()) {
    err << "  reason " << Printable(details.reason);
    for (const auto& [key, value] : details.metadata) err << ", " << Printable(key) << " " << Printable(value);
    err << '\n';
  }
  if (ExitCodeOf(status) == kUnreachable && !client::IsFromServer(status)) {
    err << "  Start one with trainyard-server, or name another with --server or TRAINYARD_SERVER.\n";
    if (!UsesTls(session.connection)) err << "  If it speaks TLS, give --tls-ca FILE, or --tls.\n";
  }
  if (absl::IsUnauthenticated(status)) {
    err << "  Give your token with --token-file FILE, or in TRAINYARD_TOKEN.\n";
  }
}

absl::Status UsageError(const std::string& what, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(what, ": ", status.message()));
}

}  // namespace trainyard::cli
