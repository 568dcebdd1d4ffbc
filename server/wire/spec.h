// JobSpec <-> TrainingOptions. FromProto checks shape (a oneof without a value, an enum without a meaning); ranges are
// core's Validate. A field that the message leaves out keeps the default of the option struct; ToProto writes every
// field that has a value.

#ifndef TRAINYARD_SERVER_WIRE_SPEC_H_
#define TRAINYARD_SERVER_WIRE_SPEC_H_

#include "absl/status/statusor.h"
#include "core/train/options.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

// INVALID_ARGUMENT: a FieldError with the path from the spec on.
absl::StatusOr<TrainingOptions> FromProto(const v1::JobSpec& spec);

v1::JobSpec ToProto(const TrainingOptions& options);

v1::Precision ToProto(Precision precision);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_SPEC_H_
