// Addresses that the server is told to listen on.

#ifndef TRAINYARD_SERVER_BASE_ADDRESS_H_
#define TRAINYARD_SERVER_BASE_ADDRESS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trainyard {

struct HostAndPort {
  std::string host;  // an IPv6 address without its brackets
  std::string port;  // 0 to 65535
};

// Of HOST:PORT. INVALID_ARGUMENT: it is not of this form, said with the `flag` that it came with and with what that may be besides.
absl::StatusOr<HostAndPort> SplitAddress(std::string_view flag, const std::string& address,
                                         const std::string& besides = "");

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_BASE_ADDRESS_H_
