#include "core/optim/inverse_schedule.h"

#include <cmath>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const InverseOptions& options) {
  if (!(options.power > 0 && std::isfinite(options.power))) {
    return FieldError("power", options.power, "positive and finite");
  }
  return Validate(options.length, "length.");
}

double InverseSchedule::At(int64_t step) const {
  return initial_ / std::pow(1 + static_cast<double>(step) / static_cast<double>(length_), power_);
}

}  // namespace trainyard
