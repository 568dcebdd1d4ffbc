#include "core/optim/preview_schedule.h"

#include <algorithm>

#include "core/base/status.h"

namespace trainyard {

absl::StatusOr<std::vector<RatePoint>> PreviewSchedule(const OptimizerOptions& options, const RunLength& length,
                                                       int64_t max_points) {
  const auto schedule = MakeSchedule(options.schedule, options.learning_rate, length);
  if (!schedule.ok()) return InField("schedule", schedule.status());
  const auto momentum = MakeMomentumSchedule(options.rule, length);
  const int64_t last = *length.total_steps - 1;
  const int64_t intervals = std::min(last, max_points - 1);
  std::vector<RatePoint> points;
  for (int64_t i = 0; i <= intervals; ++i) {
    const int64_t step = intervals == 0 ? 0 : last / intervals * i + last % intervals * i / intervals;
    points.push_back({.step = step, .rates = {.learning_rate = (*schedule)->At(step), .momentum = momentum->At(step)}});
  }
  return points;
}

}  // namespace trainyard
