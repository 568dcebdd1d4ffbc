#include "core/optim/linear_schedule.h"

#include <algorithm>
#include <cmath>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const LinearOptions& options) {
  const double rate = options.final_learning_rate.value_or(1);
  if (!(rate > 0 && std::isfinite(rate))) return FieldError("final_learning_rate", rate, "positive and finite");
  return options.tau.has_value() ? Validate(*options.tau, "tau_") : absl::OkStatus();
}

double LinearSchedule::At(int64_t step) const {
  const double a = std::min(static_cast<double>(step) / static_cast<double>(tau_), 1.0);
  return (1 - a) * initial_ + a * final_;
}

}  // namespace trainyard
