#include "core/optim/inverse_schedule.h"

#include <cmath>

#include "core/base/elementary.h"
#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const InverseOptions& options) {
  if (!(options.power > 0 && std::isfinite(options.power))) {
    return FieldError("power", options.power, "positive and finite");
  }
  return Validate(options.length, "length.");
}

double InverseSchedule::At(int64_t step) const {
  const double growth = 1 + static_cast<double>(step) / static_cast<double>(length_);
  if (power_ == 1) return initial_ / growth;
  if (power_ == 0.5) return initial_ / std::sqrt(growth);
  return initial_ / PowersOf(growth)(power_);
}

}  // namespace trainyard
