// Paths of fields, as errors name them.

#ifndef TRAINYARD_TESTS_SERVER_WIRE_FIELD_PATH_H_
#define TRAINYARD_TESTS_SERVER_WIRE_FIELD_PATH_H_

#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"

namespace trainyard {

// Whether `path` leads from a message of type `descriptor` to a field or, as its last part, to a oneof:
// `optimizer.nesterov.momentum`, `network.hidden[0].kind`, `labels[team]`. Brackets hold an index or a map's key, and
// only repeated fields and maps have them.
inline bool Resolves(const google::protobuf::Descriptor* descriptor, std::string_view path) {
  if (descriptor == nullptr) return false;
  const std::string name(path.substr(0, path.find_first_of(".[")));
  path.remove_prefix(name.size());
  if (path.empty() && descriptor->FindOneofByName(name) != nullptr) return true;
  const google::protobuf::FieldDescriptor* field = descriptor->FindFieldByName(name);
  if (field == nullptr) return false;
  descriptor = field->is_map() ? field->message_type()->map_value()->message_type() : field->message_type();
  if (path.starts_with('[')) {
    const size_t end = path.find(']');
    const std::string_view index = path.substr(1, end - 1);
    if (!field->is_repeated() || end == std::string_view::npos || index.empty()) return false;
    if (!field->is_map() && index.find_first_not_of("0123456789") != std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
  if (path.empty()) return true;
  return path.starts_with('.') && Resolves(descriptor, path.substr(1));
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_WIRE_FIELD_PATH_H_
