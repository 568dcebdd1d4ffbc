// The one place where an absl::Status becomes what travels: a gRPC status with google.rpc details (BadRequest for a
// field, ErrorInfo with the stable reason in the domain `trainyard`). The codes of both are the same numbers.

#ifndef TRAINYARD_SERVER_WIRE_STATUS_H_
#define TRAINYARD_SERVER_WIRE_STATUS_H_

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace trainyard {

// A status without a reason gets that of its code, `INVALID_FIELD` for a FieldError, else `NOT_FOUND` and so on:
// clients can always rely on ErrorInfo. So that clients take the error as it is, texts of more than 700 bytes lose their
// middle, and of metadata go out as many entries, in the order of their keys, as have 2,000 bytes.
google::rpc::Status ToProto(const absl::Status& status);

// Code, message, field, reason and metadata come back.
absl::Status FromProto(const google::rpc::Status& status);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_STATUS_H_
