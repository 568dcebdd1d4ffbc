// How the momentum follows from the step.

#ifndef TRAINYARD_SERVER_WIRE_MOMENTUM_SCHEDULE_H_
#define TRAINYARD_SERVER_WIRE_MOMENTUM_SCHEDULE_H_

#include "absl/status/statusor.h"
#include "core/optim/momentum_schedule.h"
#include "trainyard/v1/optimizer.pb.h"

namespace trainyard {

v1::MomentumSchedule ToProto(const MomentumScheduleOptions& options);

// INVALID_ARGUMENT: no kind, or a length that is not given; a FieldError relative to the message.
absl::StatusOr<MomentumScheduleOptions> FromProto(const v1::MomentumSchedule& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_MOMENTUM_SCHEDULE_H_
