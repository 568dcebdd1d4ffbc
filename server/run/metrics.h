// Reading a job's log as pages of events, and as series thinned for a chart.

#ifndef TRAINYARD_SERVER_RUN_METRICS_H_
#define TRAINYARD_SERVER_RUN_METRICS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "server/run/job_table.h"
#include "server/store/event_log.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

// Never on a gRPC thread. Errors are those of JobService.
absl::StatusOr<v1::ListEventsResponse> ListEvents(const v1::ListEventsRequest& request, JobTable& jobs, EventLog& log);
absl::StatusOr<v1::GetMetricsResponse> GetMetrics(const v1::GetMetricsRequest& request, JobTable& jobs, EventLog& log);

// GetMetrics of a checked request, of a job that is loaded. Which points are chosen does not depend on how much of the log is summed up.
absl::StatusOr<v1::GetMetricsResponse> ReadMetrics(const v1::GetMetricsRequest& request, JobKey job,
                                                   const EventLog& log);

// Every evaluation of the steps up to this one that no later attempt has made anew, in the order of the log.
absl::StatusOr<std::vector<v1::Evaluation>> ReadEvaluations(int64_t last_step, JobKey job, const EventLog& log);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_METRICS_H_
