#include "server/wire/status.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "google/rpc/error_details.pb.h"

namespace trainyard {
namespace {

constexpr char kDomain[] = "trainyard";
constexpr std::string_view kEquals = " = ";
constexpr std::string_view kRule = ", must be ";

// Of a text: so much that a client, which takes 8 KiB of an error's text and details together, gets the error and not one about its size.
constexpr size_t kMostTextBytes = 700;
constexpr size_t kEndBytes = 250;

// The same of metadata, keys and values together.
constexpr size_t kMostMetadataBytes = 2000;

// A text that is too long has lost its middle, on whole characters: what is wrong comes first, the rule last.
std::string Shortened(std::string_view text) {
  if (text.size() <= kMostTextBytes) return std::string(text);
  const auto is_inside_character = [text](size_t i) { return (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80; };
  size_t begin = kMostTextBytes - kEndBytes;
  while (begin > 0 && is_inside_character(begin)) --begin;
  size_t end = text.size() - kEndBytes;
  while (end < text.size() && is_inside_character(end)) ++end;
  return absl::StrCat(AbslView(text.substr(0, begin)), "…", AbslView(text.substr(end)));
}

std::string ReasonOf(const absl::Status& status) {
  if (std::string reason = ErrorReason(status); !reason.empty()) return reason;
  if (ErrorField(status).has_value()) return "INVALID_FIELD";
  return absl::StatusCodeToString(status.code());
}

google::rpc::ErrorInfo InfoOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonOf(status));
  info.set_domain(kDomain);
  size_t bytes = 0;
  for (const auto& [key, value] : ErrorMetadata(status)) {
    std::string shortened = Shortened(value);
    bytes += key.size() + shortened.size();
    if (bytes > kMostMetadataBytes) break;
    (*info.mutable_metadata())[key] = std::move(shortened);
  }
  return info;
}

// The FieldError with this message; nullopt where the message is of another form.
std::optional<absl::Status> FieldErrorFrom(std::string_view message, std::string_view field) {
  if (!message.starts_with(field)) return std::nullopt;
  message.remove_prefix(field.size());
  const size_t rule = message.find(kRule);
  if (!message.starts_with(kEquals) || rule == std::string_view::npos) return std::nullopt;
  return FieldError(field, message.substr(kEquals.size(), rule - kEquals.size()), message.substr(rule + kRule.size()));
}

}  // namespace

google::rpc::Status ToProto(const absl::Status& status) {
  google::rpc::Status message;
  if (status.ok()) return message;
  message.set_code(status.raw_code());
  message.set_message(Shortened(std::string(status.message())));
  if (const std::optional<std::string> field = ErrorField(status)) {
    google::rpc::BadRequest bad_request;
    google::rpc::BadRequest::FieldViolation* violation = bad_request.add_field_violations();
    violation->set_field(Shortened(*field));
    violation->set_description(message.message());
    message.add_details()->PackFrom(bad_request);
  }
  message.add_details()->PackFrom(InfoOf(status));
  return message;
}

absl::Status FromProto(const google::rpc::Status& message) {
  absl::Status status(static_cast<absl::StatusCode>(message.code()), message.message());
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  for (const google::protobuf::Any& detail : message.details()) {
    if (detail.UnpackTo(&info)) continue;
    if (!detail.UnpackTo(&bad_request) || bad_request.field_violations().empty()) continue;
    status = FieldErrorFrom(message.message(), bad_request.field_violations(0).field()).value_or(status);
  }
  if (status.ok() || info.reason().empty()) return status;
  return WithReason(status, info.reason(), {info.metadata().begin(), info.metadata().end()});
}

}  // namespace trainyard
