#include "client/cli/set_field.h"

#include <cmath>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/json.h"
#include "client/cli/reflect.h"
#include "client/cli/text.h"
#include "client/cpp/status_macros.h"
#include "google/protobuf/duration.pb.h"

namespace trainyard::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// A field and, in brackets, its element or its map's key.
struct Part {
  std::string name;
  std::optional<std::string> key;
};

struct Assignment {
  std::vector<Part> path;
  std::string value;
};

std::string Text(const std::vector<Part>& path, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, i > 0 ? "." : "", path[i].name);
    if (path[i].key.has_value()) absl::StrAppend(&text, "[", *path[i].key, "]");
  }
  return text;
}

absl::StatusOr<Assignment> Parse(const std::string& text) {
  const absl::Status malformed =
      absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not PATH=VALUE, as in optimizer.learning_rate=0.1"));
  Assignment assignment;
  size_t at = 0;
  while (true) {
    const size_t end = text.find_first_of(".[=", at);
    if (end == std::string::npos || end == at) return malformed;
    Part part{.name = CanonicalName(text.substr(at, end - at)), .key = std::nullopt};
    at = end;
    if (text[at] == '[') {
      const size_t close = text.find(']', at);
      if (close == std::string::npos) return malformed;
      part.key = text.substr(at + 1, close - at - 1);
      at = close + 1;
    }
    assignment.path.push_back(std::move(part));
    if (at >= text.size() || (text[at] != '.' && text[at] != '=')) return malformed;
    if (text[at++] == '=') break;
  }
  assignment.value = text.substr(at);
  return assignment;
}

bool IsDuration(const FieldDescriptor* field) {
  return field->message_type() == google::protobuf::Duration::descriptor();
}

// A field that --set may enter: a message that is not a value of its own.
bool HasParts(const FieldDescriptor* field) { return field->message_type() != nullptr && !IsDuration(field); }

std::vector<std::string> FieldNames(const Descriptor* descriptor) {
  std::vector<std::string> names;
  for (int i = 0; i < descriptor->field_count(); ++i) names.push_back(descriptor->field(i)->name());
  return names;
}

absl::StatusOr<const FieldDescriptor*> Find(const Descriptor* descriptor, const std::string& name,
                                            const std::string& path) {
  if (const FieldDescriptor* field = descriptor->FindFieldByName(name)) return field;
  const std::string owner = path.empty() ? "the specification" : path;
  if (descriptor->field_count() == 0) return absl::InvalidArgumentError(absl::StrCat(owner, " has no fields"));
  return absl::InvalidArgumentError(
      absl::StrCat(owner, " has no ", name, "; it has ", absl::StrJoin(FieldNames(descriptor), ", ")));
}

// The index of a list's element; `size` is that of the element to come.
absl::StatusOr<int> ElementIndex(const std::string& key, int size, const std::string& list) {
  int index = 0;
  if (absl::SimpleAtoi(key, &index) && index >= 0 && index <= size) return index;
  return absl::InvalidArgumentError(absl::StrCat(list, " has ", size, size == 1 ? " element" : " elements", "; [", key,
                                                 "] is none of them, nor the next"));
}

// The message that a part of the path leads to, made where there is none yet.
absl::StatusOr<Message*> Enter(Message& message, const FieldDescriptor* field, const std::optional<std::string>& key,
                               const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  if (!HasParts(field) || field->is_map()) return absl::InvalidArgumentError(absl::StrCat(path, " has no fields"));
  if (!field->is_repeated()) {
    if (key.has_value()) return absl::InvalidArgumentError(absl::StrCat(field->name(), " is not a list"));
    return reflection->MutableMessage(&message, field);
  }
  if (!key.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is a list; name an element, the first as in ", path, "[0]"));
  }
  const int size = reflection->FieldSize(message, field);
  ASSIGN_OR_RETURN(const int index, ElementIndex(*key, size, field->name()));
  if (index == size) return reflection->AddMessage(&message, field);
  return reflection->MutableRepeatedMessage(&message, field, index);
}

// What values of the field look like.
std::string Rule(const FieldDescriptor* field) {
  if (IsDuration(field)) return "a time, as 90s or 1h30m";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_ENUM:
      return absl::StrCat("one of ", absl::StrJoin(EnumNames(field->enum_type()), ", "));
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const std::vector<std::string> names = FieldNames(field->message_type());
      if (field->is_map()) return "{key: value, ...}";
      return names.empty() ? "{}"
                           : absl::StrCat("{} or {field: value, ...} of its fields ", absl::StrJoin(names, ", "));
    }
    default:
      return "a whole number";
  }
}

absl::Status Misfit(const FieldDescriptor* field, const std::string& value) {
  const std::string rule = Rule(field);
  return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is not ", rule));
}

// One value in the JSON mapping.
absl::StatusOr<std::string> ValueJson(const FieldDescriptor* field, const std::string& value) {
  if (IsDuration(field)) {
    const absl::StatusOr<google::protobuf::Duration> time = ParseTime(value);
    return time.ok() ? ToJson(*time) : Misfit(field, value);
  }
  if (field->enum_type() != nullptr) {
    ASSIGN_OR_RETURN(const int number, EnumNumber(field->enum_type(), value));
    return absl::StrCat(number);
  }
  double number = 0;
  const bool is_real = field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE;
  if (is_real && absl::SimpleAtod(value, &number) && !std::isfinite(number)) {
    return JsonString(std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
  }
  if (field->message_type() != nullptr) return value;
  return JsonString(value);
}

absl::StatusOr<std::string> ListJson(const FieldDescriptor* field, const std::string& value) {
  if (field->message_type() != nullptr) return value;
  std::vector<std::string> items;
  for (const absl::string_view item : absl::StrSplit(value, ',', absl::SkipEmpty())) {
    ASSIGN_OR_RETURN(items.emplace_back(), ValueJson(field, std::string(item)));
  }
  return absl::StrCat("[", absl::StrJoin(items, ","), "]");
}

// A message like `message` that has nothing but `field`.
absl::StatusOr<std::unique_ptr<Message>> WithField(const Message& message, const FieldDescriptor* field,
                                                   const std::string& json, const std::string& value) {
  // A message without braces would be taken for one without fields.
  if (HasParts(field) && (value.empty() || (value[0] != '{' && value[0] != '['))) return Misfit(field, value);
  std::unique_ptr<Message> with_field(message.New());
  if (!FromYaml(absl::StrCat("{", JsonString(field->name()), ": ", json, "}"), *with_field).ok()) {
    return Misfit(field, value);
  }
  return with_field;
}

absl::Status SetWhole(Message& message, const FieldDescriptor* field, const std::string& value) {
  const bool is_list = field->is_repeated() && !field->is_map();
  ASSIGN_OR_RETURN(const std::string json, is_list ? ListJson(field, value) : ValueJson(field, value));
  ASSIGN_OR_RETURN(const std::unique_ptr<Message> parsed, WithField(message, field, json, value));
  message.GetReflection()->ClearField(&message, field);
  message.MergeFrom(*parsed);
  return absl::OkStatus();
}

absl::Status SetEntry(Message& message, const FieldDescriptor* field, const std::string& key,
                      const std::string& value) {
  const FieldDescriptor* type = field->message_type()->map_value();
  ASSIGN_OR_RETURN(const std::string json, ValueJson(type, value));
  const std::string entry = absl::StrCat("{", JsonString(key), ": ", json, "}");
  const absl::StatusOr<std::unique_ptr<Message>> parsed = WithField(message, field, entry, entry);
  if (!parsed.ok()) return Misfit(type, value);
  message.MergeFrom(**parsed);
  return absl::OkStatus();
}

absl::Status SetElement(Message& message, const FieldDescriptor* field, const std::string& key,
                        const std::string& value) {
  const Reflection* reflection = message.GetReflection();
  const int size = reflection->FieldSize(message, field);
  ASSIGN_OR_RETURN(const int index, ElementIndex(key, size, field->name()));
  ASSIGN_OR_RETURN(const std::string json, ValueJson(field, value));
  ASSIGN_OR_RETURN(const std::unique_ptr<Message> parsed,
                   WithField(message, field, absl::StrCat("[", json, "]"), value));
  message.MergeFrom(*parsed);
  if (index == size) return absl::OkStatus();
  reflection->SwapElements(&message, field, index, size);
  reflection->RemoveLast(&message, field);
  return absl::OkStatus();
}

absl::Status SetLast(Message& message, const Part& part, const std::string& path, const std::string& value) {
  const OneofDescriptor* oneof = message.GetDescriptor()->FindOneofByName(part.name);
  if (oneof != nullptr && !VariantNames(oneof).empty() && !part.key.has_value()) {
    return SetVariant(message, part.name, value);
  }
  ASSIGN_OR_RETURN(const FieldDescriptor* field, Find(message.GetDescriptor(), part.name, path));
  if (!part.key.has_value()) return SetWhole(message, field, value);
  if (field->is_map()) return SetEntry(message, field, *part.key, value);
  if (field->is_repeated()) return SetElement(message, field, *part.key, value);
  return absl::InvalidArgumentError(absl::StrCat(field->name(), " is not a list"));
}

}  // namespace

absl::Status SetField(Message& message, const std::string& assignment) {
  ASSIGN_OR_RETURN(const Assignment parsed, Parse(assignment));
  const std::vector<Part>& path = parsed.path;
  Message* at = &message;
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    ASSIGN_OR_RETURN(const FieldDescriptor* field, Find(at->GetDescriptor(), path[i].name, Text(path, i)));
    ASSIGN_OR_RETURN(at, Enter(*at, field, path[i].key, Text(path, i + 1)));
  }
  return SetLast(*at, path.back(), Text(path, path.size() - 1), parsed.value);
}

}  // namespace trainyard::cli
