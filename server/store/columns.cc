#include "server/store/columns.h"

#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

absl::Status BadToken(std::string_view token) {
  return FieldError("page_token", token, "the next_page_token of an earlier page of this list, or empty");
}

}  // namespace

int64_t ToNanoseconds(const google::protobuf::Timestamp& time) {
  return absl::ToUnixNanos(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()));
}

std::optional<int64_t> ParseTime(std::string_view text) {
  absl::Time time;
  if (!absl::ParseTime(absl::RFC3339_full, AbslView(text), &time, nullptr) || time == absl::InfiniteFuture() ||
      time == absl::InfinitePast()) {
    return std::nullopt;
  }
  return absl::ToUnixNanos(time);
}

absl::Status ParseColumn(std::string_view bytes, google::protobuf::MessageLite* message) {
  if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the store holds a ", message->GetTypeName(), " that cannot be read"));
}

std::string MakePageToken(std::string_view list, std::string_view position) {
  return absl::WebSafeBase64Escape(absl::StrCat(AbslView(list), ":", AbslView(position)));
}

absl::StatusOr<std::string> ReadPageToken(std::string_view list, std::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  if (absl::WebSafeBase64Unescape(AbslView(token), &text)) {
    absl::string_view position = text;
    if (absl::ConsumePrefix(&position, absl::StrCat(AbslView(list), ":")) && !position.empty())
      return std::string(position);
  }
  return BadToken(token);
}

absl::StatusOr<int64_t> ReadKeyToken(std::string_view list, std::string_view token) {
  ASSIGN_OR_RETURN(const std::string position, ReadPageToken(list, token));
  int64_t key = std::numeric_limits<int64_t>::max();
  if (!position.empty() && !absl::SimpleAtoi(position, &key)) return BadToken(token);
  return key;
}

}  // namespace trainyard
