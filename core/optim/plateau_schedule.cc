#include "core/optim/plateau_schedule.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const ReduceOnPlateauOptions& options) {
  const auto at_least_zero = [](std::string_view field, double value) {
    if (value >= 0 && std::isfinite(value)) return absl::OkStatus();
    return FieldError(field, value, "at least 0 and finite");
  };
  if (!(options.factor > 0 && options.factor < 1)) return FieldError("factor", options.factor, "in (0, 1)");
  if (options.patience < 1) return FieldError("patience", int64_t{options.patience}, "at least 1");
  RETURN_IF_ERROR(at_least_zero("min_change", options.min_change));
  return at_least_zero("min_learning_rate", options.min_learning_rate);
}

double PlateauSchedule::Rate() const {
  // An eps_0 below min_learning_rate stays as it is.
  return std::max(initial_ * state_.factor, std::min(initial_, options_.min_learning_rate));
}

double PlateauSchedule::At(int64_t) const { return Rate(); }

bool PlateauSchedule::Improves(double value) const {
  if (std::isnan(value)) return false;
  if (state_.best_step < 0) return true;
  const double gain = LargerIsBetter(options_.metric) ? value - state_.best_value : state_.best_value - value;
  return gain > options_.min_change;
}

bool PlateauSchedule::Observe(int64_t step, double value) {
  if (Improves(value)) {
    state_.best_value = value;
    state_.best_step = step;
    state_.used = 0;
    return false;
  }
  if (++state_.used < options_.patience) return false;
  state_.used = 0;
  const double before = Rate();
  state_.factor *= options_.factor;
  return Rate() < before;
}

std::optional<WatchedBest> PlateauSchedule::best() const {
  if (state_.best_step < 0) return std::nullopt;
  return WatchedBest{.value = state_.best_value, .step = state_.best_step};
}

std::string PlateauSchedule::state() const {
  return std::string(reinterpret_cast<const char*>(&state_), sizeof(State));
}

absl::Status PlateauSchedule::Restore(std::string_view state) {
  if (state.size() != sizeof(State)) return StateOfAnotherSchedule();
  std::memcpy(&state_, state.data(), sizeof(State));
  return absl::OkStatus();
}

}  // namespace trainyard
