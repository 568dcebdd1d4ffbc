#include "core/optim/warm_up_schedule.h"

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const WarmUpOptions& options) {
  if (!(options.initial > 0 && options.initial <= 1)) return FieldError("initial", options.initial, "in (0, 1]");
  return Validate(options.length, "length.");
}

double WarmUpSchedule::At(int64_t step) const {
  if (step >= length_) return after_->At(step - length_);
  const double share = static_cast<double>(step) / static_cast<double>(length_);
  return learning_rate_ * (initial_ + (1 - initial_) * share);
}

}  // namespace trainyard
