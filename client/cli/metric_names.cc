#include "client/cli/metric_names.h"

#include "client/cli/reflect.h"
#include "client/cpp/status_macros.h"
#include "trainyard/v1/metric.pb.h"

namespace trainyard::cli {

absl::Status AddMetrics(const std::vector<std::string>& names, google::protobuf::RepeatedField<int>& metrics) {
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const v1::Metric metric, EnumValue<v1::Metric>(name));
    metrics.Add(metric);
  }
  return absl::OkStatus();
}

}  // namespace trainyard::cli
