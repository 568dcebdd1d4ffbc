// The whole server: opens the store, takes up what a former server left, serves, drains.

#ifndef TRAINYARD_SERVER_RPC_SERVER_H_
#define TRAINYARD_SERVER_RPC_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/base/journal.h"
#include "server/rpc/observed.h"
#include "server/rpc/security_options.h"

namespace trainyard {

struct ServerOptions {
  // Where everything is kept; made if it is not there.
  std::string data_directory = "trainyard-data";

  // `host:port` (port 0: any that is free), or `unix:/path`.
  std::string listen = "127.0.0.1:50551";

  // Where /metrics, /live and /ready are served over HTTP, without encryption or authorisation: `host:port`; empty: nowhere.
  std::string http;

  SecurityOptions security;

  // Threads that train. 0: one a core.
  int workers = 0;
  absl::Duration slice = absl::Milliseconds(2);

  // Memory that all running jobs together may take. 0: half of the machine's.
  int64_t job_memory_bytes = 0;

  int64_t message_bytes = 16 << 20;
  int64_t upload_bytes = int64_t{64} << 30;
  int watchers = 10'000;
  int queued_jobs = 100'000;

  // How long calls under way may still take once the server drains.
  absl::Duration drain = absl::Seconds(1);
};

// INVALID_ARGUMENT: the first option out of range, by its flag; security that does not fit the address.
absl::Status Validate(const ServerOptions& options);

class Server {
 public:
  // On return the server serves. FAILED_PRECONDITION: another server uses the data directory, or a file can't be read; UNAVAILABLE: the
  // address can't be had; else the errors of Validate and MakeCredentials.
  // `journal` must outlive the server.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Journal& journal);

  // As Drain.
  ~Server();

  // Where it really listens: `127.0.0.1:50551`.
  const std::string& address() const;

  // While this lives, drained or not.
  const Observed& observed() const;

  // Health says NOT_SERVING; watchers are finished with the numbers to resume from; runs are saved; then the server stops.
  void Drain();

 private:
  class Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_SERVER_H_
