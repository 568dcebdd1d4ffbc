// A connection to one Trainyard server.
//
//   ASSIGN_OR_RETURN(const auto client, Client::Connect({.address = "127.0.0.1:50551"}));
//   ASSIGN_OR_RETURN(const v1::Job job, Call(client->jobs(), &v1::JobService::Stub::GetJob, request));

#ifndef TRAINYARD_CLIENT_CPP_CLIENT_H_
#define TRAINYARD_CLIENT_CPP_CLIENT_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cpp/credentials.h"
#include "client/cpp/status.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "trainyard/v1/dataset.grpc.pb.h"
#include "trainyard/v1/insight.grpc.pb.h"
#include "trainyard/v1/job.grpc.pb.h"
#include "trainyard/v1/model.grpc.pb.h"
#include "trainyard/v1/server.grpc.pb.h"
#include "trainyard/v1/watch.grpc.pb.h"

namespace trainyard::client {

struct ClientOptions {
  // `host:port` or `unix:/path`.
  std::string address = "127.0.0.1:50551";

  Credentials credentials;

  absl::Duration connect_timeout = absl::Seconds(5);

  // Of one message, either way.
  int max_message_bytes = 256 << 20;

  // Between pings on a silent connection; below 30 s it is taken as 30 s, since servers end connections that ping more
  // often.
  absl::Duration keepalive = absl::Seconds(30);
};

// Thread-safe.
class Client {
 public:
  // UNAVAILABLE: nothing answers there, or TLS fails, said at the first refusal or after connect_timeout; else the
  // errors of OpenChannel.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);

  // Blocks until the connection stands, `timeout` at most; whether it does. A lost connection comes back only while a
  // call runs or this waits: between calls nothing works on it.
  bool WaitForConnection(absl::Duration timeout);

  // Whether a service of its health check (grpc.health.v1) is SERVING: "ready", the server takes new work; "live", it runs. Asks for no
  // token. NOT_FOUND: it has no such service. DEADLINE_EXCEEDED: no answer within `timeout`.
  absl::StatusOr<bool> IsServing(const std::string& service, absl::Duration timeout);

  v1::DatasetService::Stub& datasets() { return *datasets_; }
  v1::JobService::Stub& jobs() { return *jobs_; }
  v1::WatchService::Stub& watch() { return *watch_; }
  v1::ModelService::Stub& models() { return *models_; }
  v1::InsightService::Stub& insight() { return *insight_; }
  v1::ServerService::Stub& server() { return *server_; }

 private:
  explicit Client(const std::shared_ptr<grpc::Channel>& channel);

  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::DatasetService::Stub> datasets_;
  const std::unique_ptr<v1::JobService::Stub> jobs_;
  const std::unique_ptr<v1::WatchService::Stub> watch_;
  const std::unique_ptr<v1::ModelService::Stub> models_;
  const std::unique_ptr<v1::InsightService::Stub> insight_;
  const std::unique_ptr<v1::ServerService::Stub> server_;
};

// 32 random hexadecimal digits: a request_id, under which a create may be repeated safely.
std::string NewRequestId();

// One unary call. DEADLINE_EXCEEDED: no answer within `timeout`.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                              const Request& request, absl::Duration timeout = absl::Minutes(1)) {
  grpc::ClientContext context;
  if (timeout != absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  }
  Response response;
  if (const grpc::Status status = (stub.*method)(&context, request, &response); !status.ok()) return ToStatus(status);
  return response;
}

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_CLIENT_H_
