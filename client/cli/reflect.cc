#include "client/cli/reflect.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace trainyard::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

// ColumnType -> COLUMN_TYPE_
std::string EnumPrefix(const EnumDescriptor* descriptor) {
  std::string prefix;
  for (const char c : descriptor->name()) {
    if (std::isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  return prefix + '_';
}

std::string ShortName(const google::protobuf::EnumValueDescriptor* value) {
  const std::string prefix = EnumPrefix(value->type());
  return absl::AsciiStrToLower(absl::StartsWith(value->name(), prefix) ? value->name().substr(prefix.size())
                                                                       : value->name());
}

absl::Status Unknown(const std::string& name, const std::vector<std::string>& names) {
  return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" is not one of ", absl::StrJoin(names, ", ")));
}

// Sets a field that holds one number, text or truth value.
absl::Status SetScalar(Message& message, const FieldDescriptor* field, const std::string& value) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  const bool whole = field->cpp_type() != FieldDescriptor::CPPTYPE_DOUBLE;
  const absl::Status misfit =
      absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is not a ", whole ? "whole " : "", "number"));
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      double number = 0;
      if (!absl::SimpleAtod(value, &number)) return misfit;
      reflection->SetDouble(&message, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) return misfit;
      reflection->SetInt64(&message, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) return misfit;
      reflection->SetInt32(&message, field, number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(&message, field, value);
      return absl::OkStatus();
    default:
      return misfit;
  }
}

}  // namespace

std::string CanonicalName(const std::string& name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"-", "_"}});
}

std::vector<std::string> VariantNames(const OneofDescriptor* oneof) {
  std::vector<std::string> names;
  for (int i = 0; i < oneof->field_count(); ++i) {
    if (oneof->field(i)->message_type() != nullptr) names.push_back(oneof->field(i)->name());
  }
  return names;
}

absl::Status SetVariant(Message& message, const std::string& oneof, const std::string& name, const Aliases& aliases) {
  const Descriptor* descriptor = message.GetDescriptor();
  const OneofDescriptor* family = descriptor->FindOneofByName(oneof);
  std::string canonical = CanonicalName(name);
  if (const auto alias = aliases.find(canonical); alias != aliases.end()) canonical = alias->second;
  const FieldDescriptor* field = descriptor->FindFieldByName(canonical);
  if (field == nullptr || field->containing_oneof() != family || field->message_type() == nullptr) {
    return Unknown(name, VariantNames(family));
  }
  message.GetReflection()->MutableMessage(&message, field);
  return absl::OkStatus();
}

absl::Status SetVariantField(Message& message, const std::string& oneof, const std::string& fallback,
                             const std::string& field, const std::string& value) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  const OneofDescriptor* family = message.GetDescriptor()->FindOneofByName(oneof);
  const FieldDescriptor* held = reflection->GetOneofFieldDescriptor(message, family);
  if (held == nullptr) held = message.GetDescriptor()->FindFieldByName(fallback);
  if (const FieldDescriptor* target = held->message_type()->FindFieldByName(field); target != nullptr) {
    return SetScalar(*reflection->MutableMessage(&message, held), target, value);
  }
  std::vector<std::string> owners;
  for (int i = 0; i < family->field_count(); ++i) {
    const Descriptor* type = family->field(i)->message_type();
    if (type != nullptr && type->FindFieldByName(field) != nullptr) owners.push_back(family->field(i)->name());
  }
  return absl::InvalidArgumentError(
      absl::StrCat(held->name(), " has no ", field, "; it belongs to ", absl::StrJoin(owners, ", ")));
}

std::vector<std::string> EnumNames(const EnumDescriptor* descriptor) {
  std::vector<std::string> names;
  for (int i = 0; i < descriptor->value_count(); ++i) {
    if (descriptor->value(i)->number() != 0) names.push_back(ShortName(descriptor->value(i)));
  }
  return names;
}

std::string EnumName(const EnumDescriptor* descriptor, int number) {
  const google::protobuf::EnumValueDescriptor* value = descriptor->FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : ShortName(value);
}

absl::StatusOr<int> EnumNumber(const EnumDescriptor* descriptor, const std::string& name) {
  for (int i = 0; i < descriptor->value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor* value = descriptor->value(i);
    if (value->number() != 0 && ShortName(value) == CanonicalName(name)) return value->number();
  }
  return Unknown(name, EnumNames(descriptor));
}

}  // namespace trainyard::cli
