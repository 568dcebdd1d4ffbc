// Client::IsServing.

#include "absl/synchronization/notification.h"
#include "client/cpp/client.h"
#include "google/protobuf/wrappers.pb.h"
#include "grpcpp/generic/generic_stub.h"

namespace trainyard::client {
namespace {

// On the wire these are HealthCheckRequest and HealthCheckResponse: a string and an enumeration, each in field 1.
using Request = google::protobuf::StringValue;
using Response = google::protobuf::Int32Value;
constexpr int32_t kServing = 1;

}  // namespace

absl::StatusOr<bool> Client::IsServing(const std::string& service, absl::Duration timeout) {
  Request request;
  request.set_value(service);
  Response response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(timeout));
  grpc::Status status;
  absl::Notification answered;
  grpc::TemplatedGenericStub<Request, Response> stub(channel_);
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status told) {
                   status = std::move(told);
                   answered.Notify();
                 });
  answered.WaitForNotification();
  if (!status.ok()) return ToStatus(status);
  return response.value() == kServing;
}

}  // namespace trainyard::client
