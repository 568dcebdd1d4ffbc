#include "core/optim/step_schedule.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const StepOptions& options) {
  if (!(options.factor > 0 && options.factor <= 1)) return FieldError("factor", options.factor, "in (0, 1]");
  return Validate(options.length, "length.");
}

double StepSchedule::At(int64_t step) const { return initial_ * powers_(static_cast<double>(step / length_)); }

}  // namespace trainyard
