// Where connections come in. At most as many stay as leave files for everything else, and the listener goes on when there is none left for
// the moment; gRPC's own would listen no more.

#ifndef TRAINYARD_SERVER_RPC_LISTENER_H_
#define TRAINYARD_SERVER_RPC_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

class Listener {
 public:
  // Owns the connection from then on. Runs on the listener's thread.
  using Take = std::function<void(int connection)>;

  // HOST:PORT, all addresses of the host, port 0: any that is free; or unix:PATH, a socket file at which nobody listens any more being
  // replaced. On return connections queue up. INVALID_ARGUMENT: not such an address; UNAVAILABLE: it can't be had.
  static absl::StatusOr<std::unique_ptr<Listener>> Open(const std::string& address);

  // Listens no more; connections that were taken stay.
  ~Listener();

  // As it was given, but with the port's number.
  const std::string& address() const { return address_; }

  // To be called once.
  void Start(Take take);

 private:
  explicit Listener(std::string address) : address_(std::move(address)) {}
  absl::Status OpenFile(const std::string& path);
  absl::Status OpenPort(const std::string& host, const std::string& port);
  void Run(const Take& take);

  std::string address_;
  std::string path_;  // of the socket file; empty: none
  std::vector<int> sockets_;
  int stop_ = -1;  // readable once the listener is to stop
  std::thread thread_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_LISTENER_H_
