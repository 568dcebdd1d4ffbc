#include "client/cli/field_mask.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

namespace trainyard::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;

bool Has(const Message& message, const FieldDescriptor& field) {
  if (field.is_repeated()) return message.GetReflection()->FieldSize(message, &field) > 0;
  return message.GetReflection()->HasField(message, &field);
}

bool SameField(const Message& a, const Message& b, const FieldDescriptor& field) {
  google::protobuf::util::MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {&field}, {&field});
}

}  // namespace

void AddDifferingFields(const Message& a, const Message& b, const std::string& prefix, FieldMask& mask) {
  for (int i = 0; i < a.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *a.GetDescriptor()->field(i);
    const bool both = Has(a, field) && Has(b, field);
    if (!Has(a, field) && !Has(b, field)) continue;
    if (both && SameField(a, b, field)) continue;
    const std::string path = absl::StrCat(prefix, field.name());
    if (both && !field.is_repeated() && field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      AddDifferingFields(a.GetReflection()->GetMessage(a, &field), b.GetReflection()->GetMessage(b, &field),
                         absl::StrCat(path, "."), mask);
    } else {
      mask.add_paths(path);
    }
  }
}

}  // namespace trainyard::cli
