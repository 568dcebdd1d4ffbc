// The update rule, its learning rate and its schedule.

#ifndef TRAINYARD_SERVER_WIRE_OPTIMIZER_H_
#define TRAINYARD_SERVER_WIRE_OPTIMIZER_H_

#include "absl/status/statusor.h"
#include "core/optim/make_optimizer.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Optimizer ToProto(const OptimizerOptions& options);

// INVALID_ARGUMENT: a schedule without a kind or a length that it needs; a FieldError relative to the message.
absl::StatusOr<OptimizerOptions> FromProto(const v1::Optimizer& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_OPTIMIZER_H_
