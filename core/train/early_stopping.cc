#include "core/train/early_stopping.h"

#include <algorithm>
#include <cmath>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const EarlyStoppingOptions& options) {
  if (options.patience < 1) return FieldError("patience", int64_t{options.patience}, "at least 1");
  if (!(options.min_change >= 0 && std::isfinite(options.min_change))) {
    return FieldError("min_change", options.min_change, "at least 0 and finite");
  }
  return absl::OkStatus();
}

bool EarlyStopping::Improves(double value) const {
  if (std::isnan(value)) return false;
  if (!has_best_) return true;
  return LargerIsBetter(metric()) ? value > best_value_ + options_.min_change
                                  : value < best_value_ - options_.min_change;
}

PatienceReport EarlyStopping::Update(int64_t step, double value) {
  const bool improved = Improves(value);
  if (improved) {
    has_best_ = true;
    best_value_ = value;
    best_step_ = step;
    used_ = 0;
  } else {
    ++used_;
  }
  return {.metric = metric(),
          .improved = improved,
          .best_value = best_value_,
          .best_step = best_step_,
          .left = std::max(options_.patience - used_, 0)};
}

void EarlyStopping::Restore(int patience_used) { used_ = patience_used; }

void EarlyStopping::Restore(int patience_used, int64_t best_step, double best_value) {
  used_ = patience_used;
  has_best_ = true;
  best_step_ = best_step;
  best_value_ = best_value;
}

}  // namespace trainyard
