#include "client/cli/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/commands.h"
#include "client/cli/strict_values.h"

namespace trainyard::cli {
namespace {

struct NamedOutput {
  const char* name;
  Output output;
};
constexpr NamedOutput kOutputs[] = {{"table", Output::kTable}, {"json", Output::kJson}, {"csv", Output::kCsv}};

std::string OutputNames(const std::set<Output>& outputs) {
  std::vector<std::string> names;
  for (const auto& [name, output] : kOutputs) {
    if (outputs.contains(output)) names.emplace_back(name);
  }
  return absl::StrJoin(names, ", ");
}

void SetOutput(const std::string& text, Session& session) {
  for (const auto& [name, output] : kOutputs) {
    if (absl::AsciiStrToLower(text) != name) continue;
    session.output = output;
    return;
  }
  throw CLI::ValidationError("--output", absl::StrCat("\"", text, "\" is not one of ",
                                                      OutputNames({Output::kTable, Output::kJson, Output::kCsv})));
}

void AddSharedOptions(CLI::App& program, Session& session) {
  AddConnectionFlags(program, session.connection);
  program.add_option_function<std::string>(
      "--output", [&session](const std::string& text) { SetOutput(text, session); },
      "table or json; job list, job metrics and model predict also csv");
  program.set_version_flag("--version", "trainyard " TRAINYARD_VERSION, "Print the version and exit");
}

// The exit code where the arguments alone decide it.
std::optional<int> Parse(CLI::App& program, const std::vector<std::string>& arguments, Console& console) {
  const auto end = [&](const CLI::Error& error) {
    return program.exit(error, console.out, console.err) == 0 ? kSuccess : kUsage;
  };
  try {
    // CLI11 takes the arguments from the back.
    program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::RequiredError& error) {
    // A misspelt command is not a missing one.
    const std::vector<std::string> unknown = program.remaining(/*recurse=*/true);
    return unknown.empty() ? end(error) : end(CLI::ExtrasError(unknown));
  } catch (const CLI::ParseError& error) {
    return end(error);
  }
  return std::nullopt;
}

absl::Status RunCommand(Session& session) {
  if (!session.outputs.contains(session.output)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--output: ", session.command_name, " has ", OutputNames(session.outputs)));
  }
  return session.command(session);
}

int ParseAndRun(const std::vector<std::string>& arguments, Console& console) {
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
  ReadValuesStrictly(program);
  if (const std::optional<int> code = Parse(program, arguments, console)) return *code;
  const absl::Status status = RunCommand(session);
  if (status.ok()) return session.exit_code;
  console.out << std::flush;
  PrintError(status, session);
  return ExitCodeOf(status);
}

}  // namespace

int RunProgram(const std::vector<std::string>& arguments, Console& console) {
  const int code = ParseAndRun(arguments, console);
  if (console.out.flush()) return code;
  console.err << "trainyard: can't write all of the output\n";
  return code == kSuccess ? static_cast<int>(kUsage) : code;
}

}  // namespace trainyard::cli
