#include "core/train/early_stopping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const EarlyStoppingOptions& options) {
  if (options.patience < 1) return FieldError("patience", int64_t{options.patience}, "at least 1");
  if (!(options.min_change >= 0 && std::isfinite(options.min_change))) {
    return FieldError("min_change", options.min_change, "at least 0 and finite");
  }
  if (options.moving_average < 1) {
    return FieldError("moving_average", int64_t{options.moving_average}, "at least 1");
  }
  return absl::OkStatus();
}

double EarlyStopping::best_value() const {
  return state_.has_best ? state_.best_value : std::numeric_limits<double>::quiet_NaN();
}

bool EarlyStopping::Improves(double value) const {
  if (std::isnan(value)) return false;
  if (!state_.has_best) return true;
  return LargerIsBetter(metric()) ? value > state_.best_value + options_.min_change
                                  : value < state_.best_value - options_.min_change;
}

// The mean over the newest values, `value` the last of them, added in order.
double EarlyStopping::Smoothed(double value) {
  std::vector<double>& recent = state_.recent;
  recent.push_back(value);
  if (recent.size() > static_cast<size_t>(options_.moving_average)) recent.erase(recent.begin());
  return std::accumulate(recent.begin(), recent.end(), 0.0) / static_cast<double>(recent.size());
}

PatienceReport EarlyStopping::Update(int64_t step, double value) {
  const double smoothed = Smoothed(value);
  const bool improved = Improves(smoothed);
  if (improved) {
    state_.has_best = true;
    state_.best_value = smoothed;
    state_.best_step = step;
    state_.patience_used = 0;
  } else {
    ++state_.patience_used;
  }
  return {.metric = metric(),
          .improved = improved,
          .best_value = best_value(),
          .best_step = state_.best_step,
          .left = std::max(options_.patience - state_.patience_used, 0),
          .value = smoothed};
}

}  // namespace trainyard
