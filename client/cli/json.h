// Messages in the JSON mapping of Protocol Buffers.

#ifndef TRAINYARD_CLIENT_CLI_JSON_H_
#define TRAINYARD_CLIENT_CLI_JSON_H_

#include <ostream>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace trainyard::cli {

// On one line. NaN and infinity are the strings "NaN", "Infinity" and "-Infinity". INVALID_ARGUMENT: a message that
// JSON can't hold.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

// A JSON string with the text.
std::string JsonString(const std::string& text);

// What a path of field names leads to, as JSON; `unset` where the message has no value there.
std::string FieldText(const google::protobuf::Message& message, const std::string& path);

// One line with ToJson, or its error.
absl::Status PrintJson(const google::protobuf::Message& message, std::ostream& out);

// The same content as YAML in block style, which `train -f` reads; fields are named as errors name them.
absl::StatusOr<std::string> ToYaml(const google::protobuf::Message& message);

// Reads YAML (and thereby JSON) in the JSON mapping into `message`. INVALID_ARGUMENT: not YAML, a field that the
// message does not have, or a value that does not fit its field.
absl::Status FromYaml(const std::string& yaml, google::protobuf::Message& message);

// Whether the text is a YAML map with this key.
bool YamlHasKey(const std::string& yaml, const std::string& key);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_JSON_H_
