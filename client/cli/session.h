// One run of the program: where it reads and writes, and what all commands share.

#ifndef TRAINYARD_CLIENT_CLI_SESSION_H_
#define TRAINYARD_CLIENT_CLI_SESSION_H_

#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/connection_flags.h"
#include "client/cpp/client.h"

namespace trainyard::cli {

struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colours = false;
};

enum class Output { kTable, kJson, kCsv };

enum ExitCode : int {
  kSuccess = 0,
  kJobFailed = 1,
  kUsage = 2,
  kUnreachable = 3,
  kRefused = 4,
  // As shells have it: 128 + SIGINT.
  kInterrupted = 130,
};

struct Session {
  Console& console;
  ConnectionFlags connection;
  Output output = Output::kTable;

  // What the arguments ask for; an error is printed and decides the exit code.
  std::function<absl::Status(Session&)> command;
  std::string command_name;  // as in `job list`
  std::set<Output> outputs;  // that it has

  // Of a command that went well.
  ExitCode exit_code = kSuccess;

  bool json() const { return output == Output::kJson; }
  std::ostream& out() const { return console.out; }
  absl::StatusOr<std::unique_ptr<client::Client>> Connect() const;
};

// Unreachable, refused by the server, or wrong use.
ExitCode ExitCodeOf(const absl::Status& status);

// The message, then what the details add: fields, reason and its numbers.
void PrintError(const absl::Status& status, const Session& session);

// The error with the flag, argument or file that is wrong before it.
absl::Status UsageError(const std::string& what, const absl::Status& status);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_SESSION_H_
