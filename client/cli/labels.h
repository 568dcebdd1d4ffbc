// `key=value` arguments.

#ifndef TRAINYARD_CLIENT_CLI_LABELS_H_
#define TRAINYARD_CLIENT_CLI_LABELS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/map.h"

namespace trainyard::cli {

// At the first `=`, for labels; at the last, for names that may hold one themselves. INVALID_ARGUMENT: there is none.
absl::StatusOr<std::pair<std::string, std::string>> SplitAtFirst(const std::string& text);
absl::StatusOr<std::pair<std::string, std::string>> SplitAtLast(const std::string& text);

absl::Status SetLabels(const std::vector<std::string>& texts, google::protobuf::Map<std::string, std::string>& labels);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_LABELS_H_
