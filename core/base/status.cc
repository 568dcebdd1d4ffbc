#include "core/base/status.h"

#include <charconv>

#include "absl/strings/strip.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr std::string_view kFieldUrl = "trainyard/field";
constexpr std::string_view kProblemUrl = "trainyard/problem";
constexpr std::string_view kReasonUrl = "trainyard/reason";
constexpr std::string_view kMetadataUrl = "trainyard/metadata/";

std::string Payload(const absl::Status& status, std::string_view url) {
  const auto payload = status.GetPayload(AbslView(url));
  return payload.has_value() ? std::string(*payload) : std::string();
}

absl::Status MakeFieldError(std::string_view field, std::string_view problem) {
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(AbslView(field), AbslView(problem)));
  status.SetPayload(AbslView(kFieldUrl), absl::Cord(AbslView(field)));
  status.SetPayload(AbslView(kProblemUrl), absl::Cord(AbslView(problem)));
  return status;
}

// `status` under another code or message keeps its payloads.
void CopyPayloads(const absl::Status& from, absl::Status& to) {
  from.ForEachPayload([&to](absl::string_view url, const absl::Cord& payload) {
    if (!to.GetPayload(url).has_value()) to.SetPayload(url, payload);
  });
}

template <typename Number>
std::string Shortest(Number value) {
  char text[64];
  const std::to_chars_result result = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

}  // namespace

absl::Status FieldError(std::string_view field, std::string_view value, std::string_view rule) {
  return MakeFieldError(field, absl::StrCat(" = ", AbslView(value), ", must be ", AbslView(rule)));
}

absl::Status FieldError(std::string_view field, double value, std::string_view rule) {
  return FieldError(field, std::string_view(Shortest(value)), rule);
}

absl::Status FieldError(std::string_view field, int64_t value, std::string_view rule) {
  return FieldError(field, std::string_view(Shortest(value)), rule);
}

absl::Status InField(std::string_view prefix, absl::Status status) {
  const std::optional<std::string> field = ErrorField(status);
  if (!field.has_value()) return status;
  absl::Status prefixed = MakeFieldError(absl::StrCat(AbslView(prefix), ".", *field), Payload(status, kProblemUrl));
  CopyPayloads(status, prefixed);
  return prefixed;
}

std::optional<std::string> ErrorField(const absl::Status& status) {
  const auto field = status.GetPayload(AbslView(kFieldUrl));
  if (!field.has_value()) return std::nullopt;
  return std::string(*field);
}

absl::Status WithReason(absl::Status status, std::string_view reason,
                        const std::map<std::string, std::string>& metadata) {
  status.SetPayload(AbslView(kReasonUrl), absl::Cord(AbslView(reason)));
  for (const auto& [key, value] : metadata)
    status.SetPayload(absl::StrCat(AbslView(kMetadataUrl), key), absl::Cord(value));
  return status;
}

std::string ErrorReason(const absl::Status& status) { return Payload(status, kReasonUrl); }

std::map<std::string, std::string> ErrorMetadata(const absl::Status& status) {
  std::map<std::string, std::string> metadata;
  status.ForEachPayload([&metadata](absl::string_view url, const absl::Cord& payload) {
    if (absl::ConsumePrefix(&url, AbslView(kMetadataUrl))) metadata[std::string(url)] = std::string(payload);
  });
  return metadata;
}

}  // namespace trainyard
