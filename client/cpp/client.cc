#include "client/cpp/client.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cpp/status_macros.h"

namespace trainyard::client {
namespace {

grpc::ChannelArguments ChannelArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  const absl::Duration keepalive = std::max(options.keepalive, absl::Seconds(30));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(absl::ToInt64Milliseconds(keepalive)));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  // In spite of its name, how long one attempt to connect may take: a busy server is not a missing one.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.connect_timeout)));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // The address is where the server is: a proxy set for web pages does not stand between.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  return arguments;
}

// Stops at the first failure.
bool WaitUntilReady(grpc::Channel& channel, absl::Duration timeout) {
  const auto deadline = std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout);
  grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
  while (state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING) {
    if (!channel.WaitForStateChange(state, deadline)) return false;
    state = channel.GetState(/*try_to_connect=*/true);
  }
  return state == GRPC_CHANNEL_READY;
}

// What a call says of the connection that failed.
std::string WhyNotReady(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(1));
  v1::ServerInfo info;
  return v1::ServerService::NewStub(channel)
      ->GetServerInfo(&context, v1::GetServerInfoRequest(), &info)
      .error_message();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::Channel> channel,
                   OpenChannel(options.address, options.credentials, ChannelArguments(options)));
  if (!WaitUntilReady(*channel, options.connect_timeout)) {
    std::string why;
    if (options.credentials.tls.has_value()) why = absl::StrCat(": ", WhyNotReady(channel));
    return absl::UnavailableError(absl::StrCat("can't reach a server at ", options.address, why));
  }
  return std::unique_ptr<Client>(new Client(channel));
}

bool Client::WaitForConnection(absl::Duration timeout) {
  return channel_->WaitForConnected(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
}

Client::Client(const std::shared_ptr<grpc::Channel>& channel)
    : channel_(channel),
      datasets_(v1::DatasetService::NewStub(channel)),
      jobs_(v1::JobService::NewStub(channel)),
      watch_(v1::WatchService::NewStub(channel)),
      models_(v1::ModelService::NewStub(channel)),
      insight_(v1::InsightService::NewStub(channel)),
      server_(v1::ServerService::NewStub(channel)) {}

std::string NewRequestId() {
  std::random_device device;
  return absl::StrFormat("%08x%08x%08x%08x", device(), device(), device(), device());
}

}  // namespace trainyard::client
