// InsightService.PreviewSchedule: a run's rates without the run.

#ifndef TRAINYARD_SERVER_RUN_PREVIEW_SCHEDULE_H_
#define TRAINYARD_SERVER_RUN_PREVIEW_SCHEDULE_H_

#include "absl/status/statusor.h"
#include "server/run/check_spec.h"
#include "trainyard/v1/insight.pb.h"

namespace trainyard {

// Never on a gRPC thread.
absl::StatusOr<v1::PreviewScheduleResponse> PreviewSchedule(const v1::PreviewScheduleRequest& request,
                                                            const SpecLimits& limits, DatasetTable& datasets);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_PREVIEW_SCHEDULE_H_
