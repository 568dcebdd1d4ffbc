// JobService.UpdateJob: what a request changes of a job, before anything is changed.

#ifndef TRAINYARD_SERVER_RUN_UPDATE_JOB_H_
#define TRAINYARD_SERVER_RUN_UPDATE_JOB_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/run/spec_changes.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

// Everything beside the spec as it is to be.
struct JobUpdate {
  std::string display_name;
  google::protobuf::Map<std::string, std::string> labels;
  int32_t priority = 0;
  std::optional<google::protobuf::Timestamp> deadline;
  std::optional<PlannedChange> change;
};

// `job` as it is. Errors are those of UpdateJob. Never on a gRPC thread.
absl::StatusOr<JobUpdate> PlanUpdate(const v1::Job& job, const v1::UpdateJobRequest& request, const SpecCheck& check);

// -1,000..1,000
absl::Status CheckPriority(int32_t priority);

// After `now`, and a time that a Timestamp may hold.
absl::Status CheckDeadline(const google::protobuf::Timestamp& deadline, absl::Time now);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_UPDATE_JOB_H_
