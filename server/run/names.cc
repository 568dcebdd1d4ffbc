#include "server/run/names.h"

#include <algorithm>

#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/text.h"

namespace trainyard {
namespace {

constexpr size_t kMaxIdSize = 63;
constexpr size_t kMaxDisplayNameBytes = 256;
constexpr size_t kMaxRequestIdSize = 64;
constexpr int kMaxLabels = 64;
constexpr size_t kMaxLabelSize = 63;
constexpr size_t kShownBytes = 80;

bool IsLowerOrDigit(char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c); }

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdSize || !IsLowerOrDigit(id.front()) || !IsLowerOrDigit(id.back())) return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsLabelKey(std::string_view key) {
  if (key.empty() || key.size() > kMaxLabelSize || !absl::ascii_islower(key.front())) return false;
  return std::all_of(key.begin(), key.end(), [](char c) { return IsLowerOrDigit(c) || c == '_' || c == '-'; });
}

// What an error may repeat of a text that can be of any length.
std::string Shown(std::string_view text) {
  if (text.empty()) return "empty";
  if (text.size() <= kShownBytes) return std::string(text);
  size_t end = kShownBytes;
  while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
  return absl::StrCat(AbslView(text.substr(0, end)), "… (", text.size(), " bytes)");
}

}  // namespace

absl::Status CheckName(std::string_view field, std::string_view name, std::string_view collection) {
  const std::string prefix = absl::StrCat(AbslView(collection), "/");
  if (name.starts_with(prefix) && IsId(name.substr(prefix.size()))) return absl::OkStatus();
  return FieldError(
      field, Shown(name),
      absl::StrCat(prefix,
                   "<id> with an id of 1 to 63 lower-case letters, digits, '.', '_' and '-', the first and the ",
                   "last a letter or a digit"));
}

absl::Status CheckDisplayName(std::string_view display_name) {
  if (display_name.size() <= kMaxDisplayNameBytes) return absl::OkStatus();
  return FieldError("display_name", Shown(display_name), absl::StrCat("at most ", kMaxDisplayNameBytes, " bytes"));
}

absl::Status CheckLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  if (static_cast<int>(labels.size()) > kMaxLabels) {
    return FieldError("labels", absl::StrCat(labels.size(), " labels"), absl::StrCat("at most ", kMaxLabels));
  }
  for (const auto& [key, value] : labels) {
    if (!IsLabelKey(key)) {
      return FieldError(absl::StrCat("labels[\"", absl::CHexEscape(key.substr(0, kShownBytes)), "\"]"), Shown(key),
                        "a key of [a-z][a-z0-9_-]{0,62}");
    }
    if (value.size() > kMaxLabelSize) {
      return FieldError(absl::StrCat("labels[\"", key, "\"]"), Shown(value),
                        absl::StrCat("at most ", kMaxLabelSize, " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRequestId(std::string_view request_id) {
  if (request_id.size() <= kMaxRequestIdSize) return absl::OkStatus();
  return FieldError("request_id", Shown(request_id), absl::StrCat("at most ", kMaxRequestIdSize, " bytes"));
}

std::string NewId() {
  absl::BitGen random;
  const uint64_t high = absl::Uniform<uint64_t>(random);
  const uint32_t low = absl::Uniform<uint32_t>(random);
  return absl::StrFormat("%012x%04x%016x", static_cast<uint64_t>(absl::ToUnixMillis(absl::Now())) & 0xFFFFFFFFFFFF,
                         low & 0xFFFF, high);
}

absl::Status NoSuch(std::string_view kind, std::string_view name) {
  std::string reason = absl::StrCat("NO_SUCH_", absl::AsciiStrToUpper(AbslView(kind)));
  std::replace(reason.begin(), reason.end(), ' ', '_');
  return WithReason(absl::NotFoundError(absl::StrCat("there is no ", AbslView(kind), " ", AbslView(name))), reason);
}

absl::Status CheckEtag(std::string_view etag, std::string_view current) {
  if (etag.empty() || etag == current) return absl::OkStatus();
  return WithReason(absl::FailedPreconditionError(absl::StrCat("the etag is ", AbslView(current), " now, not ",
                                                               AbslView(etag), "; read again and decide anew")),
                    "ETAG_MISMATCH");
}

std::string UploadFileOf(const std::string& upload_name) { return upload_name.substr(upload_name.find('/') + 1); }

absl::Status StorageFull(int64_t free_bytes) {
  return WithReason(absl::ResourceExhaustedError(absl::StrCat("the server's disk has only ", free_bytes >> 20,
                                                              " MiB left; delete data sets or jobs, or make room")),
                    "STORAGE_FULL", {{"free_bytes", absl::StrCat(free_bytes)}});
}

absl::Status Draining() {
  return WithReason(absl::UnavailableError("the server is about to stop; try again when it is back"), "DRAINING");
}

absl::Status CheckPageSize(int page_size) {
  if (page_size >= 0 && page_size <= 1000) return absl::OkStatus();
  return FieldError("page_size", int64_t{page_size}, "in 1..1000, or 0 for the default");
}

int PageSize(int page_size) { return page_size == 0 ? 50 : page_size; }

}  // namespace trainyard
