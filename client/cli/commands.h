// The commands, by group; each adds its own to the program.

#ifndef TRAINYARD_CLIENT_CLI_COMMANDS_H_
#define TRAINYARD_CLIENT_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>

#include "client/cli/session.h"
#include "client/cpp/client.h"

namespace trainyard::cli {

void AddDatasetCommands(CLI::App& program, Session& session);
void AddTrainCommand(CLI::App& program, Session& session);
void AddJobCommands(CLI::App& program, Session& session);

// `job update` and `job fork`, of the group `job`.
void AddChangeCommands(CLI::App& group, Session& session);

void AddModelCommands(CLI::App& program, Session& session);
void AddStatusCommands(CLI::App& program, Session& session);

// One command: `add_options` binds arguments to a fresh Options, `run` gets them parsed and prints in one of `outputs`.
template <typename Options>
void AddCommand(CLI::App& group, Session& session, const std::string& name, const std::string& description,
                void (*add_options)(CLI::App&, Options&), absl::Status (*run)(Session&, const Options&),
                const std::set<Output>& outputs = {Output::kTable, Output::kJson}) {
  CLI::App* command = group.add_subcommand(name, description);
  const auto options = std::make_shared<Options>();
  add_options(*command, *options);
  const std::string parent = group.get_parent() == nullptr ? "" : group.get_name() + " ";
  command->callback([&session, options, run, outputs, full_name = parent + name] {
    session.command = [options, run](Session& s) { return run(s, *options); };
    session.command_name = full_name;
    session.outputs = outputs;
  });
}

// Of commands that name one thing.
struct NameOption {
  std::string name;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_COMMANDS_H_
