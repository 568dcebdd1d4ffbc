#include "core/optim/cosine_schedule.h"

#include <cmath>

#include "core/base/elementary.h"
#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const CosineOptions& options) {
  const double rate = options.final_learning_rate;
  if (!(rate >= 0 && std::isfinite(rate))) return FieldError("final_learning_rate", rate, "at least 0 and finite");
  return options.length.has_value() ? Validate(*options.length, "length.") : absl::OkStatus();
}

double CosineSchedule::At(int64_t step) const {
  if (step >= length_) return final_;
  const double a = static_cast<double>(step) / static_cast<double>(length_);
  return final_ + (initial_ - final_) * ((1 + CosOfPi(a)) / 2);
}

}  // namespace trainyard
