// The server on a disk that says of the database's log that it is written before it is: what the torture test must find out.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <string>

#include "absl/synchronization/mutex.h"
#include "server/base/journal.h"
#include "server/rpc/server.h"
#include "tests/testing/intercepted_disk.h"

int main(int argc, char** argv) {
  trainyard::ServerOptions options;
  CLI::App app("Forgets its newest commits when it is killed.");
  app.add_option("--data", options.data_directory);
  app.add_option("--listen", options.listen);
  CLI11_PARSE(app, argc, argv);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  trainyard::LateDisk disk(std::chrono::milliseconds(200));
  trainyard::Journal journal({.least = trainyard::Severity::kError}, [](const std::string& line) { std::cerr << line; });
  const auto server = trainyard::Server::Start(options, journal);
  if (!server.ok()) {
    std::cerr << server.status().message() << "\n";
    return 2;
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  while (true) pause();  // until it is killed
}
