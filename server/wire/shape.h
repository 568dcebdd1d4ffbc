// Errors of shape: a oneof without a value, an enum without a meaning. Ranges are core's.

#ifndef TRAINYARD_SERVER_WIRE_SHAPE_H_
#define TRAINYARD_SERVER_WIRE_SHAPE_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "google/protobuf/message.h"

namespace trainyard {

// INVALID_ARGUMENT "<oneof> = unset, must be <the names of its fields>". `message` has a oneof of that name.
absl::Status UnsetOneof(const google::protobuf::Message& message, std::string_view oneof);

// INVALID_ARGUMENT "<field> = <name or number>, must be <the names of the values with a meaning>".
absl::Status MeaninglessEnum(const google::protobuf::EnumDescriptor& descriptor, int number, std::string_view field);

// The value of `Core` that ToProto takes to `wire`. `Core` counts from 0 and has one value for each one of `Wire` but
// UNSPECIFIED.
// INVALID_ARGUMENT: there is none; a FieldError on `field`.
template <typename Core, typename Wire>
absl::StatusOr<Core> EnumFromProto(Wire wire, std::string_view field) {
  const google::protobuf::EnumDescriptor& descriptor = *google::protobuf::GetEnumDescriptor<Wire>();
  for (int i = 0; wire != Wire(0) && i < descriptor.value_count() - 1; ++i) {
    if (ToProto(static_cast<Core>(i)) == wire) return static_cast<Core>(i);
  }
  return MeaninglessEnum(descriptor, wire, field);
}

// The same, but UNSPECIFIED leaves `value` as it is.
template <typename Core, typename Wire>
absl::Status ReadEnum(Wire wire, std::string_view field, Core& value) {
  if (wire == Wire(0)) return absl::OkStatus();
  ASSIGN_OR_RETURN(value, EnumFromProto<Core>(wire, field));
  return absl::OkStatus();
}

// InField for a value or an error.
template <typename T>
absl::StatusOr<T> InField(std::string_view prefix, absl::StatusOr<T> value) {
  if (value.ok()) return value;
  return InField(prefix, std::move(value).status());
}

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WIRE_SHAPE_H_
