// A number of steps, given in steps or in epochs.

#ifndef TRAINYARD_SERVER_WIRE_LENGTH_H_
#define TRAINYARD_SERVER_WIRE_LENGTH_H_

#include "absl/status/status.h"
#include "core/base/status.h"
#include "core/optim/length.h"
#include "server/wire/shape.h"
#include "trainyard/v1/optimizer.pb.h"

namespace trainyard {

v1::Length ToProto(const Length& length);

// INVALID_ARGUMENT: no unit; a FieldError relative to the message.
absl::StatusOr<Length> FromProto(const v1::Length& message);

// Reads the field `length` of `message` where it is set, into a Length or an optional one. The error is relative to `message`.
template <typename Message, typename Target>
absl::Status ReadLength(const Message& message, Target& length) {
  if (!message.has_length()) return absl::OkStatus();
  ASSIGN_OR_RETURN(length, InField("length", FromProto(message.length())));
  return absl::OkStatus();
}

// INVALID_ARGUMENT also where it is not set.
template <typename Message>
absl::Status ReadRequiredLength(const Message& message, Length& length) {
  if (!message.has_length()) return FieldError("length", "unset", "given in steps or epochs");
  return ReadLength(message, length);
}

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_LENGTH_H_
