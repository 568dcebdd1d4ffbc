// Messages filled by reflection, so that a field that a conversion forgets is found without anybody naming it.

#ifndef TRAINYARD_TESTS_SERVER_WIRE_MESSAGE_FILLER_H_
#define TRAINYARD_TESTS_SERVER_WIRE_MESSAGE_FILLER_H_

#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace trainyard {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// A field that is an arm of a oneof, or a value of a field that is an enum: what there is to choose when a message is
// filled.
inline std::string Choice(const FieldDescriptor& field, const std::string& value = "") {
  return value.empty() ? field.full_name() : absl::StrCat(field.full_name(), " = ", value);
}

// All choices in `descriptor` and in the messages that it holds, and the names of those messages.
inline void Collect(const Descriptor& descriptor, std::set<std::string>& choices, std::set<std::string>& messages) {
  if (!messages.insert(descriptor.full_name()).second) return;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    if (field.real_containing_oneof() != nullptr) choices.insert(Choice(field));
    if (const EnumDescriptor* type = field.enum_type()) {
      for (int k = 1; k < type->value_count(); ++k) choices.insert(Choice(field, type->value(k)->name()));
    }
    if (field.message_type() != nullptr) Collect(*field.message_type(), choices, messages);
  }
}

// Sets every field to a value that is not its default and differs from all others: two elements where it is repeated,
// one arm, drawn, of each oneof. Always draws the same sequence.
class MessageFiller {
 public:
  void Fill(Message* message) {
    const Descriptor& descriptor = *message->GetDescriptor();
    for (int i = 0; i < descriptor.field_count(); ++i) {
      if (descriptor.field(i)->real_containing_oneof() == nullptr) FillField(message, *descriptor.field(i));
    }
    for (int i = 0; i < descriptor.real_oneof_decl_count(); ++i) {
      const OneofDescriptor& oneof = *descriptor.oneof_decl(i);
      const FieldDescriptor& arm = *oneof.field(Draw(oneof.field_count()));
      drawn_.insert(Choice(arm));
      FillField(message, arm);
    }
  }

  // The choices made so far.
  const std::set<std::string>& drawn() const { return drawn_; }

 private:
  int Draw(int count) { return static_cast<int>(random_() % static_cast<uint32_t>(count)); }

  void FillField(Message* message, const FieldDescriptor& field) {
    if (!field.is_repeated()) return SetValue(message, field);
    AddValue(message, field);
    AddValue(message, field);
  }

  int EnumValue(const FieldDescriptor& field) {
    const int index = 1 + Draw(field.enum_type()->value_count() - 1);
    drawn_.insert(Choice(field, field.enum_type()->value(index)->name()));
    return field.enum_type()->value(index)->number();
  }

  std::string Text() { return absl::StrCat("s", ++count_); }

  void SetValue(Message* message, const FieldDescriptor& field) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(message, &field, ++count_ + 0.5);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.SetFloat(message, &field, ++count_ + 0.5f);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(message, &field, true);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(message, &field, EnumValue(field));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, &field, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(reflection.MutableMessage(message, &field));
    }
  }

  void AddValue(Message* message, const FieldDescriptor& field) {
    const Reflection& reflection = *message->GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.AddInt32(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.AddInt64(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.AddUInt32(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.AddUInt64(message, &field, ++count_);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.AddDouble(message, &field, ++count_ + 0.5);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return reflection.AddFloat(message, &field, ++count_ + 0.5f);
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.AddBool(message, &field, true);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.AddEnumValue(message, &field, EnumValue(field));
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(message, &field, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Fill(reflection.AddMessage(message, &field));
    }
  }

  std::mt19937 random_{1};
  int count_ = 0;
  std::set<std::string> drawn_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_WIRE_MESSAGE_FILLER_H_
