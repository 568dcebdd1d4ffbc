// The surrogate loss.

#ifndef TRAINYARD_SERVER_WIRE_LOSS_H_
#define TRAINYARD_SERVER_WIRE_LOSS_H_

#include "absl/status/statusor.h"
#include "core/loss/make_loss.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Loss ToProto(const LossOptions& options);

// INVALID_ARGUMENT: no kind; a FieldError relative to the message.
absl::StatusOr<LossOptions> FromProto(const v1::Loss& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_LOSS_H_
