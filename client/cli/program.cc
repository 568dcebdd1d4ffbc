#include "client/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "client/cli/commands.h"

namespace trainyard::cli {
namespace {

const std::map<std::string, Output> kOutputs = {
    {"table", Output::kTable}, {"json", Output::kJson}, {"csv", Output::kCsv}};

void AddSharedOptions(CLI::App& program, Session& session) {
  AddConnectionFlags(program, session.connection);
  program.add_option("--output", session.output, "table or json; job metrics also csv")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case).description(""));
}

}  // namespace

int RunProgram(const std::vector<std::string>& arguments, Console& console) {
  Session session{.console = console, .command = nullptr};
  CLI::App program("Trains models on a Trainyard server.", "trainyard");
  program.require_subcommand(1);
  // Shared options may stand after the command as well.
  program.fallthrough();
  AddSharedOptions(program, session);
  AddDatasetCommands(program, session);
  AddTrainCommand(program, session);
  AddJobCommands(program, session);
  AddModelCommands(program, session);
  AddStatusCommands(program, session);

  // CLI11 takes the arguments from the back.
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    program.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return program.exit(error, console.out, console.err) == 0 ? kSuccess : kUsage;
  }
  const absl::Status status = session.command(session);
  if (status.ok()) return session.exit_code;
  console.out << std::flush;
  PrintError(status, session);
  return ExitCodeOf(status);
}

}  // namespace trainyard::cli
