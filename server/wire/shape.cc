#include "server/wire/shape.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace trainyard {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::OneofDescriptor;

// "a", "a or b", "a, b or c"
std::string Alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) absl::StrAppend(&text, i + 1 == names.size() ? " or " : ", ");
    absl::StrAppend(&text, names[i]);
  }
  return text;
}

}  // namespace

absl::Status UnsetOneof(const google::protobuf::Message& message, std::string_view oneof) {
  const OneofDescriptor& descriptor = *message.GetDescriptor()->FindOneofByName(std::string(oneof));
  std::vector<std::string> names;
  for (int i = 0; i < descriptor.field_count(); ++i) names.push_back(descriptor.field(i)->name());
  return FieldError(oneof, "unset", Alternatives(names));
}

absl::Status MeaninglessEnum(const EnumDescriptor& descriptor, int number, std::string_view field) {
  std::vector<std::string> names;
  for (int i = 0; i < descriptor.value_count(); ++i) {
    if (descriptor.value(i)->number() != 0) names.push_back(descriptor.value(i)->name());
  }
  const EnumValueDescriptor* value = descriptor.FindValueByNumber(number);
  return FieldError(field, value != nullptr ? value->name() : std::to_string(number), Alternatives(names));
}

}  // namespace trainyard
