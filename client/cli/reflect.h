// Variants and enum values by name, as the contract's descriptors have them: a new one needs no change here.
//
// Names are lower case with `_`; people may write `-` for it and capitals.

#ifndef TRAINYARD_CLIENT_CLI_REFLECT_H_
#define TRAINYARD_CLIENT_CLI_REFLECT_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace trainyard::cli {

// In lower case with `_`.
std::string CanonicalName(const std::string& name);

// Short names for long ones.
using Aliases = std::map<std::string, std::string>;

// The messages that a oneof may hold.
std::vector<std::string> VariantNames(const google::protobuf::OneofDescriptor* oneof);

// Makes `oneof` of `message` hold the message named; one that it holds already is kept as it is.
// INVALID_ARGUMENT: there is none of that name; the error lists those that exist.
absl::Status SetVariant(google::protobuf::Message& message, const std::string& oneof, const std::string& name,
                        const Aliases& aliases = {});

// Sets the field `field` of what `oneof` holds. Where it holds nothing, it is first made to hold `fallback`.
// INVALID_ARGUMENT: the variant has no such field (the error lists those that do), or `value` does not fit it.
absl::Status SetVariantField(google::protobuf::Message& message, const std::string& oneof, const std::string& fallback,
                             const std::string& field, const std::string& value);

// The values of an enum without their prefix: `queued` for STATE_QUEUED; the unspecified one is left out.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor* descriptor);

// `queued`; the number where the enum does not know it, `unspecified` for 0.
std::string EnumName(const google::protobuf::EnumDescriptor* descriptor, int number);

template <typename Enum>
std::string EnumName(Enum value) {
  return EnumName(google::protobuf::GetEnumDescriptor<Enum>(), value);
}

// INVALID_ARGUMENT: there is none of that name; the error lists those that exist.
absl::StatusOr<int> EnumNumber(const google::protobuf::EnumDescriptor* descriptor, const std::string& name);

template <typename Enum>
absl::StatusOr<Enum> EnumValue(const std::string& name) {
  const absl::StatusOr<int> number = EnumNumber(google::protobuf::GetEnumDescriptor<Enum>(), name);
  if (!number.ok()) return number.status();
  return static_cast<Enum>(*number);
}

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_REFLECT_H_
