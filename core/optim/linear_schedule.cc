#include "core/optim/linear_schedule.h"

#include <algorithm>
#include <cmath>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const LinearOptions& options) {
  if (options.final_learning_rate.has_value()) {
    const double rate = *options.final_learning_rate;
    if (!(rate > 0 && std::isfinite(rate))) return FieldError("final_learning_rate", rate, "positive and finite");
  }
  if (const auto* steps = std::get_if<TauSteps>(&options.tau); steps != nullptr && steps->count < 1) {
    return FieldError("tau_steps", steps->count, "at least 1");
  }
  if (const auto* epochs = std::get_if<TauEpochs>(&options.tau)) {
    if (!(epochs->count > 0 && std::isfinite(epochs->count))) {
      return FieldError("tau_epochs", epochs->count, "positive and finite");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> TauInSteps(const LinearOptions& options, const RunLength& length) {
  if (const auto* steps = std::get_if<TauSteps>(&options.tau)) return steps->count;
  if (const auto* epochs = std::get_if<TauEpochs>(&options.tau)) {
    return static_cast<int64_t>(std::ceil(epochs->count * static_cast<double>(length.steps_per_epoch)));
  }
  if (length.total_steps.has_value()) return *length.total_steps;
  return FieldError("tau_steps", "unset", "given where the budget is a running time alone");
}

double LinearSchedule::At(int64_t step) const {
  const double a = std::min(static_cast<double>(step) / static_cast<double>(tau_), 1.0);
  return (1 - a) * initial_ + a * final_;
}

}  // namespace trainyard
