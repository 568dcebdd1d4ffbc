// What a run's rates will be, as far as the step alone decides them.

#ifndef TRAINYARD_CORE_OPTIM_PREVIEW_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_PREVIEW_SCHEDULE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/optim/make_optimizer.h"

namespace trainyard {

struct RatePoint {
  int64_t step = 0;
  StepRates rates;
};

// `total_steps` of `length` is set. All steps where there are at most `max_points` (at least 2), else that many at equal distances (to
// within one step), the first and the last step among them. INVALID_ARGUMENT: as MakeSchedule, with the path from the options on.
absl::StatusOr<std::vector<RatePoint>> PreviewSchedule(const OptimizerOptions& options, const RunLength& length,
                                                       int64_t max_points);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_PREVIEW_SCHEDULE_H_
