// The program `trainyard`.

#ifndef TRAINYARD_CLIENT_CLI_PROGRAM_H_
#define TRAINYARD_CLIENT_CLI_PROGRAM_H_

#include <string>
#include <vector>

#include "client/cli/session.h"

namespace trainyard::cli {

// Parses the arguments (without the program's name), runs the command, prints errors; the exit code.
int RunProgram(const std::vector<std::string>& arguments, Console& console);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_PROGRAM_H_
