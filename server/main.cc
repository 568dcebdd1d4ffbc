// trainyard-server: flags and wiring.

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/synchronization/mutex.h"
#include "server/rpc/security_flags.h"
#include "server/rpc/server.h"
#include "server/rpc/token_command.h"

namespace {

// Buffers of messages come and go by the thousand. Memory that is given back to the system each time is cleared anew each time.
void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

// Each connection takes a file. gRPC listens no more once it can't have one.
void AllowManyFiles() {
  rlimit files = {};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

void AddFlags(CLI::App& app, trainyard::ServerOptions& options) {
  app.set_config("--config", "", "A file with one setting a line, as in: listen=\"127.0.0.1:50551\"")
      ->envname("TRAINYARD_CONFIG");
  app.add_option("--data", options.data_directory, "Directory that keeps everything")
      ->envname("TRAINYARD_DATA")
      ->capture_default_str();
  app.add_option("--listen", options.listen, "Address: HOST:PORT, port 0 for any that is free, or unix:PATH")
      ->envname("TRAINYARD_LISTEN")
      ->capture_default_str();
  trainyard::AddSecurityFlags(app, options.security);
  app.add_option("--workers", options.workers, "Threads that train; 0: one a core")
      ->envname("TRAINYARD_WORKERS")
      ->capture_default_str();
  app.add_option("--job-memory", options.job_memory_bytes,
                 "Memory of all running jobs, as in 4GiB; 0: half of the machine's")
      ->envname("TRAINYARD_JOB_MEMORY")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--message-bytes", options.message_bytes, "Largest message")
      ->envname("TRAINYARD_MESSAGE_BYTES")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--upload-bytes", options.upload_bytes, "Largest upload")
      ->envname("TRAINYARD_UPLOAD_BYTES")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  app.add_option("--watchers", options.watchers, "Most Watch streams at a time")
      ->envname("TRAINYARD_WATCHERS")
      ->capture_default_str();
  app.add_option("--queued-jobs", options.queued_jobs, "Most jobs that wait")
      ->envname("TRAINYARD_QUEUED_JOBS")
      ->capture_default_str();
}

}  // namespace

int main(int argc, char** argv) {
  KeepFreedMemory();
  AllowManyFiles();
  trainyard::ServerOptions options;
  CLI::App app("Trains models over gRPC.");
  AddFlags(app, options);
  trainyard::TokenCommand token_command(app);
  CLI11_PARSE(app, argc, argv);
  if (token_command.given()) return token_command.Run();

  // Signals are waited for below; every thread made from here on inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  // Debian's Abseil looks for cycles at every lock otherwise.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  const auto server = trainyard::Server::Start(options);
  if (!server.ok()) {
    std::cerr << "trainyard-server: " << server.status().message() << "\n";
    return 2;
  }
  std::cout << "listening on " << (*server)->address() << std::endl;
  int signal_number = 0;
  sigwait(&signals, &signal_number);
  std::cout << "draining" << std::endl;
  (*server)->Drain();
  return 0;
}
