#include "core/optim/exponential_schedule.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const ExponentialDecayOptions& options) {
  if (!(options.factor > 0 && options.factor <= 1)) return FieldError("factor", options.factor, "in (0, 1]");
  return Validate(options.length, "length.");
}

double ExponentialSchedule::At(int64_t step) const {
  return initial_ * powers_(static_cast<double>(step) / static_cast<double>(length_));
}

}  // namespace trainyard
