// The model: hidden layers and their activations.

#ifndef TRAINYARD_SERVER_WIRE_NETWORK_H_
#define TRAINYARD_SERVER_WIRE_NETWORK_H_

#include "absl/status/statusor.h"
#include "core/model/network.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Network ToProto(const NetworkOptions& options);

// INVALID_ARGUMENT: a layer or an activation without a kind; a FieldError relative to the message.
absl::StatusOr<NetworkOptions> FromProto(const v1::Network& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_NETWORK_H_
