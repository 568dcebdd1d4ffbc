// Which fields two messages differ in.

#ifndef TRAINYARD_CLIENT_CLI_FIELD_MASK_H_
#define TRAINYARD_CLIENT_CLI_FIELD_MASK_H_

#include <string>

#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace trainyard::cli {

// Adds the paths, behind `prefix`, of the fields in which two messages of one type differ: as far in as both have a message there; lists
// and maps are whole.
void AddDifferingFields(const google::protobuf::Message& a, const google::protobuf::Message& b,
                        const std::string& prefix, google::protobuf::FieldMask& mask);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_FIELD_MASK_H_
