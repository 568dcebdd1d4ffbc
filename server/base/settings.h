// Settings of a program: each is a flag, an environment variable and a line of a file. A flag beats the environment, the environment the
// file, the file the default; of a flag given twice the last counts.

#ifndef TRAINYARD_SERVER_BASE_SETTINGS_H_
#define TRAINYARD_SERVER_BASE_SETTINGS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace trainyard {

struct Setting {
  std::string name;    // "listen"
  std::string value;   // sizes in bytes
  std::string origin;  // "default", "flag", "environment TRAINYARD_LISTEN", "file /etc/trainyard.conf"
};

// Parses `arguments` (without the program's name), the environment and the file that `--config` names into the variables of `app`.
// Throws CLI::ParseError, as CLI::App::parse does; an unknown name in the file is an error.
void ParseSettings(CLI::App& app, const std::vector<std::string>& arguments);

// All settings that a file may have, in the order of their declaration. After ParseSettings with the same arguments.
std::vector<Setting> ResolvedSettings(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_BASE_SETTINGS_H_
