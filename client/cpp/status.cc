#include "client/cpp/status.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"

namespace trainyard::client {
namespace {

constexpr char kPayloadUrl[] = "type.googleapis.com/google.rpc.Status";

}  // namespace

absl::Status ToStatus(const google::rpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.code()), status.message());
  if (!result.ok()) result.SetPayload(kPayloadUrl, absl::Cord(status.SerializeAsString()));
  return result;
}

absl::Status ToStatus(const grpc::Status& status) {
  google::rpc::Status full;
  if (!full.ParseFromString(status.error_details())) full.Clear();
  full.set_code(status.error_code());
  full.set_message(status.error_message());
  return ToStatus(full);
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayloadUrl);
  google::rpc::Status full;
  if (!payload || !full.ParseFromString(std::string(*payload))) return details;
  for (const google::protobuf::Any& any : full.details()) {
    google::rpc::BadRequest bad_request;
    google::rpc::ErrorInfo info;
    if (any.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        details.fields.push_back({violation.field(), violation.description()});
      }
    } else if (any.UnpackTo(&info)) {
      details.reason = info.reason();
      details.domain = info.domain();
      details.metadata.insert(info.metadata().begin(), info.metadata().end());
    }
  }
  return details;
}

bool IsFromServer(const absl::Status& status) { return status.GetPayload(kPayloadUrl).has_value(); }

}  // namespace trainyard::client
