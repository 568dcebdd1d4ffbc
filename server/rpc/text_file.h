// Small files that somebody wrote for the server: tokens, certificates, keys.

#ifndef TRAINYARD_SERVER_RPC_TEXT_FILE_H_
#define TRAINYARD_SERVER_RPC_TEXT_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace trainyard {

// FAILED_PRECONDITION: the file can't be read, or has more than 4 MiB.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_TEXT_FILE_H_
