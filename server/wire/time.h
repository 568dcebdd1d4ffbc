// Times and durations. Both sides count nanoseconds; what is finer is cut off.

#ifndef TRAINYARD_SERVER_WIRE_TIME_H_
#define TRAINYARD_SERVER_WIRE_TIME_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace trainyard {

google::protobuf::Timestamp ToProto(absl::Time time);
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);

// Longer ones, infinity among them, become the longest that a message can hold: 315,576,000,000 s.
google::protobuf::Duration ToProto(absl::Duration duration);

// INVALID_ARGUMENT: not a legal Duration (too long, nanos out of range or of the other sign); a FieldError on `field`.
absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& duration, std::string_view field);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_TIME_H_
