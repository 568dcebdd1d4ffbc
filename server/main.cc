// trainyard-server: flags and wiring.

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/base/journal.h"
#include "server/base/line_writer.h"
#include "server/base/settings.h"
#include "server/rpc/security_flags.h"
#include "server/rpc/server.h"
#include "server/rpc/token_command.h"
#include "server/store/backup.h"
#include "server/web/operator_pages.h"

namespace {

// Buffers of messages come and go by the thousand. Memory that is given back to the system each time is cleared anew each time; what one
// arena has free, threads of another can't use: with glibc's eight a core a third more was resident before a hundred watchers.
void ChooseMemory() {
  mallopt(M_ARENA_MAX, 2 * static_cast<int>(std::thread::hardware_concurrency()));
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

constexpr int kFailed = 2;

// With whoever reads standard error, at the end.
constexpr absl::Duration kLastLinesPatience = absl::Seconds(1);

// What is asked of the program beside the server's own options.
struct Request {
  std::string log_format = "text";
  std::string log_level = "info";
  bool check_config = false;
  std::string backup_to;
};

// Each connection takes a file.
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
  app.add_option("--http", options.http,
                 "Address for /metrics, /live and /ready over plain HTTP: HOST:PORT; without it there is none")
      ->envname("TRAINYARD_HTTP");
  trainyard::AddSecurityFlags(app, options.security);
  app.add_option("--workers", options.workers, "Threads that train; 0: one a core")
      ->envname("TRAINYARD_WORKERS")
      ->capture_default_str();
  app.add_option("--job-memory", options.job_memory_bytes,
                 "Memory of all running jobs, as in 4GiB; 0: half of the machine's")
      ->envname("TRAINYARD_JOB_MEMORY")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
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

void AddRequest(CLI::App& app, Request& request) {
  app.add_option("--log-format", request.log_format, "Of the lines on standard error: text or json")
      ->envname("TRAINYARD_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_option("--log-level", request.log_level, "Least severe lines that are written: debug, info, warning or error")
      ->envname("TRAINYARD_LOG_LEVEL")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  app.add_flag("--check-config", request.check_config, "Print each setting and where it comes from, and end")
      ->configurable(false);
  CLI::App* const backup = app.add_subcommand("backup", "Copy the store in --data, which a server may use meanwhile");
  backup->fallthrough();
  backup->add_option("--to", request.backup_to, "The copy: a folder that is not there yet")->required();
}

int Fail(const absl::Status& status) {
  std::cerr << "trainyard-server: " << status.message() << "\n";
  return kFailed;
}

int CheckConfig(const CLI::App& app, const std::vector<std::string>& arguments,
                const trainyard::ServerOptions& options) {
  for (const trainyard::Setting& setting : trainyard::ResolvedSettings(app, arguments)) {
    std::cout << std::left << std::setw(16) << setting.name << "  " << std::setw(24) << setting.value << "  "
              << setting.origin << "\n";
  }
  const absl::Status status = Validate(options);
  return status.ok() ? 0 : Fail(status);
}

int BackUp(const trainyard::ServerOptions& options, const std::string& to) {
  const absl::StatusOr<trainyard::Backup> backup = trainyard::BackUp(options.data_directory, to);
  if (!backup.ok()) return Fail(backup.status());
  for (const std::string& file : backup->missing) {
    std::cerr << "trainyard-server: the store itself lacks the file " << file << "\n";
  }
  std::cout << "backed up " << options.data_directory << " to " << to << ": " << backup->database_bytes
            << " bytes of database, " << backup->files << " files of " << backup->file_bytes << " bytes\n";
  return 0;
}

trainyard::JournalOptions JournalOptionsOf(const Request& request) {
  using trainyard::Severity;
  static const std::map<std::string, Severity> kLevels = {{"debug", Severity::kDebug},
                                                          {"info", Severity::kInfo},
                                                          {"warning", Severity::kWarning},
                                                          {"error", Severity::kError}};
  return {
      .least = kLevels.at(request.log_level),
      .format = request.log_format == "json" ? trainyard::JournalFormat::kJson : trainyard::JournalFormat::kText,
  };
}

absl::StatusOr<std::unique_ptr<trainyard::HttpServer>> StartHttp(const std::string& address,
                                                                 const trainyard::Server& server) {
  if (address.empty()) return nullptr;
  return trainyard::HttpServer::Start(address, trainyard::OperatorPages(server.observed()));
}

// Serves until a signal of `until` comes.
int Serve(const trainyard::ServerOptions& options, const Request& request, const sigset_t& until) {
  trainyard::LineWriter standard_error(STDERR_FILENO);
  trainyard::Journal journal(JournalOptionsOf(request),
                             [&standard_error](const std::string& line) { standard_error.Write(line); });
  const absl::Cleanup end = [&standard_error] { standard_error.WaitAtMost(kLastLinesPatience); };
  const auto server = trainyard::Server::Start(options, journal);
  if (!server.ok()) return Fail(server.status());
  const auto http = StartHttp(options.http, **server);
  if (!http.ok()) return Fail(http.status());
  std::cout << "listening on " << (*server)->address() << std::endl;
  if (*http != nullptr) std::cout << "http on " << (*http)->address() << std::endl;
  // Told to systemd, where that started it.
  sd_notify(0, "READY=1");
  int signal_number = 0;
  sigwait(&until, &signal_number);
  sd_notify(0, "STOPPING=1");
  std::cout << "draining" << std::endl;
  (*server)->Drain();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ChooseMemory();
  AllowManyFiles();
  trainyard::ServerOptions options;
  Request request;
  CLI::App app("Trains models over gRPC.", "trainyard-server");
  app.set_version_flag("--version", "trainyard-server " TRAINYARD_VERSION, "Print the version and exit");
  AddFlags(app, options);
  AddRequest(app, request);
  trainyard::TokenCommand token_command(app);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    trainyard::ParseSettings(app, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kFailed;
  }
  if (token_command.given()) return token_command.Run();
  if (request.check_config) return CheckConfig(app, arguments, options);
  if (app.got_subcommand("backup")) return BackUp(options, request.backup_to);

  // Signals are waited for below; every thread made from here on inherits the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  // Its terminal is gone; unless it is to outlive that, as under nohup.
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  // Debian's Abseil looks for cycles at every lock otherwise.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  return Serve(options, request, signals);
}
