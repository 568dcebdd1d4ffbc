#include "server/base/address.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

// The system's own look-up takes a larger number modulo 65536.
bool IsPort(const std::string& text) {
  int32_t number = 0;
  return std::all_of(text.begin(), text.end(), absl::ascii_isdigit) && absl::SimpleAtoi(text, &number) &&
         number <= 65535;
}

}  // namespace

absl::StatusOr<HostAndPort> SplitAddress(std::string_view flag, const std::string& address,
                                         const std::string& besides) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || address.starts_with("unix:") || !IsPort(address.substr(colon + 1))) {
    return FieldError(flag, address, absl::StrCat("HOST:PORT with a port of 0 to 65535", besides));
  }
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostAndPort{.host = std::move(host), .port = address.substr(colon + 1)};
}

}  // namespace trainyard
