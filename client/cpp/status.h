// Errors of the server as absl::Status. The google.rpc details travel along as a payload and are read with DetailsOf.

#ifndef TRAINYARD_CLIENT_CPP_STATUS_H_
#define TRAINYARD_CLIENT_CPP_STATUS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace trainyard::client {

struct FieldViolation {
  // A path in the request: `spec.optimizer.nesterov.momentum`.
  std::string field;
  std::string description;
};

// What google.rpc says beside code and message; empty where it says nothing.
struct ErrorDetails {
  std::vector<FieldViolation> fields;

  // Stable and upper case: `QUEUE_FULL`.
  std::string reason;
  std::string domain;
  std::map<std::string, std::string> metadata;
};

// Same code and message, with the details as payload.
absl::Status ToStatus(const grpc::Status& status);

// The same for an error that came inside a message: Job.error, StateChanged.error.
absl::Status ToStatus(const google::rpc::Status& status);

ErrorDetails DetailsOf(const absl::Status& status);

// Whether a server answered with this status or gRPC made it on its behalf; false for what failed in the client itself.
bool IsFromServer(const absl::Status& status);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_STATUS_H_
