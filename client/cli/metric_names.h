// Metrics as people write them.

#ifndef TRAINYARD_CLIENT_CLI_METRIC_NAMES_H_
#define TRAINYARD_CLIENT_CLI_METRIC_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/repeated_field.h"

namespace trainyard::cli {

// Adds `auc`, `macro_f1` … to a field of v1.Metric. INVALID_ARGUMENT: a name that is none.
absl::Status AddMetrics(const std::vector<std::string>& names, google::protobuf::RepeatedField<int>& metrics);

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_METRIC_NAMES_H_
