#include "client/cli/json.h"

#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cpp/status_macros.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"

namespace trainyard::cli {
namespace {

absl::Status FromProtobuf(const google::protobuf::util::Status& status, const std::string& what) {
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(what, std::string(status.message())));
}

// Of numbers that YAML writes in its own way the name in JSON; else empty.
std::string NumberOfYaml(const std::string& text) {
  const std::string lower = absl::AsciiStrToLower(text);
  if (lower == ".nan") return "NaN";
  if (lower == ".inf") return "Infinity";
  return lower == "-.inf" ? "-Infinity" : "";
}

// The JSON mapping takes numbers and booleans as strings as well, so that a scalar needs no guess at its type: the
// field has one. Only null and the numbers that YAML writes in its own way are told apart.
std::string ScalarJson(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  const bool plain = node.Tag() != "!";
  if (plain && (text == "~" || text == "null")) return "null";
  const std::string number = plain ? NumberOfYaml(text) : "";
  return JsonString(number.empty() ? text : number);
}

constexpr int kDeepest = 100;
constexpr int64_t kMostValues = 1'000'000;

// Aliases can make a short file as good as endless.
bool IsBounded(const YAML::Node& node, int depth, int64_t& values) {
  if (depth > kDeepest || ++values > kMostValues) return false;
  if (!node.IsSequence() && !node.IsMap()) return true;
  for (const auto& item : node) {
    if (!IsBounded(node.IsMap() ? item.second : static_cast<const YAML::Node&>(item), depth + 1, values)) return false;
  }
  return true;
}

absl::Status TooLarge() {
  return absl::InvalidArgumentError(
      absl::StrCat("it has more than ", kMostValues, " values, or values more than ", kDeepest, " levels deep"));
}

std::string NodeJson(const YAML::Node& node) {
  if (node.IsScalar()) return ScalarJson(node);
  if (!node.IsSequence() && !node.IsMap()) return "null";
  std::string json;
  for (const auto& item : node) {
    if (!json.empty()) json += ",";
    json += node.IsMap() ? JsonString(item.first.Scalar()) + ":" + NodeJson(item.second) : NodeJson(item);
  }
  return node.IsMap() ? "{" + json + "}" : "[" + json + "]";
}

absl::StatusOr<YAML::Node> LoadYaml(const std::string& yaml) {
  try {
    YAML::Node node = YAML::Load(yaml);
    int64_t values = 0;
    if (!IsBounded(node, 0, values)) return TooLarge();
    return node;
  } catch (const YAML::DeepRecursion&) {
    return TooLarge();
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("line ", error.mark.line + 1, ", column ", error.mark.column + 1, ": ", error.msg));
  }
}

// In quotes what the library writes as it is, though it would be read otherwise: as a number, or, a carriage return, as the end of a line.
void EmitText(const std::string& text, YAML::Emitter& out) {
  if (absl::StrContains(text, '\r') || !NumberOfYaml(text).empty()) out << YAML::DoubleQuoted;
  out << text;
}

// Block style for what holds lists and maps, flow style for lists of scalars.
void Emit(const YAML::Node& node, YAML::Emitter& out) {
  if (node.IsScalar()) return EmitText(node.Scalar(), out);
  if (node.IsNull()) {
    out << YAML::Null;
    return;
  }
  bool nested = node.IsMap();
  for (const auto& item : node) nested = nested || !item.IsScalar();
  out << (nested && node.size() > 0 ? YAML::Block : YAML::Flow);
  out << (node.IsMap() ? YAML::BeginMap : YAML::BeginSeq);
  for (const auto& item : node) {
    if (!node.IsMap()) {
      Emit(item, out);
      continue;
    }
    out << YAML::Key;
    EmitText(item.first.Scalar(), out);
    out << YAML::Value;
    Emit(item.second, out);
  }
  out << (node.IsMap() ? YAML::EndMap : YAML::EndSeq);
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message,
                                   const google::protobuf::util::JsonPrintOptions& options) {
  std::string json;
  RETURN_IF_ERROR(FromProtobuf(google::protobuf::util::MessageToJsonString(message, &json, options),
                               absl::StrCat("can't write ", message.GetTypeName(), " as JSON: ")));
  return json;
}

}  // namespace

std::string JsonString(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20) {
      quoted += absl::StrFormat("\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) { return ToJson(message, {}); }

std::string FieldText(const google::protobuf::Message& message, const std::string& path) {
  const size_t dot = path.find('.');
  const google::protobuf::FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(path.substr(0, dot));
  if (field == nullptr || field->is_repeated()) return "…";
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.HasField(message, field)) return "unset";
  if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
    const google::protobuf::Message& inner = reflection.GetMessage(message, field);
    return dot == std::string::npos ? ToJson(inner).value_or("…") : FieldText(inner, path.substr(dot + 1));
  }
  std::string text;
  google::protobuf::TextFormat::PrintFieldValueToString(message, field, -1, &text);
  return text;
}

absl::Status PrintJson(const google::protobuf::Message& message, std::ostream& out) {
  ASSIGN_OR_RETURN(const std::string json, ToJson(message));
  out << json << std::endl;
  return absl::OkStatus();
}

absl::StatusOr<std::string> ToYaml(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  ASSIGN_OR_RETURN(const std::string json, ToJson(message, options));
  YAML::Emitter out;
  Emit(YAML::Load(json), out);
  return std::string(out.c_str(), out.size());
}

absl::Status FromYaml(const std::string& yaml, google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const YAML::Node node, LoadYaml(yaml));
  const std::string json = node.IsNull() ? "{}" : NodeJson(node);
  return FromProtobuf(google::protobuf::util::JsonStringToMessage(json, &message), "");
}

bool YamlHasKey(const std::string& yaml, const std::string& key) {
  const absl::StatusOr<YAML::Node> node = LoadYaml(yaml);
  return node.ok() && node->IsMap() && (*node)[key].IsDefined();
}

}  // namespace trainyard::cli
