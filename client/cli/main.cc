#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "client/cli/program.h"
#include "client/cli/terminal.h"

int main(int argc, char** argv) {
  // An upload's buffers come and go by the thousand. Memory that is given back to the system each time is cleared anew each time.
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);

  // What gRPC has to say comes with the error of the call or the connection.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);

  // A reader that goes away (`| head`) ends the program without a word.
  std::signal(SIGPIPE, SIG_DFL);
  trainyard::cli::Console console{.out = std::cout,
                                  .err = std::cerr,
                                  .out_is_terminal = trainyard::cli::IsCapableTerminal(STDOUT_FILENO),
                                  .err_is_terminal = trainyard::cli::IsCapableTerminal(STDERR_FILENO),
                                  .colours = trainyard::cli::ColoursWanted()};
  return trainyard::cli::RunProgram(std::vector<std::string>(argv + 1, argv + argc), console);
}
