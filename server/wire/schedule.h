// How the learning rate follows from the step.

#ifndef TRAINYARD_SERVER_WIRE_SCHEDULE_H_
#define TRAINYARD_SERVER_WIRE_SCHEDULE_H_

#include "absl/status/statusor.h"
#include "core/optim/make_schedule.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

v1::Schedule ToProto(const ScheduleOptions& options);

// INVALID_ARGUMENT: no kind, or a length that is not given; a FieldError relative to the message.
absl::StatusOr<ScheduleOptions> FromProto(const v1::Schedule& message);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_SCHEDULE_H_
