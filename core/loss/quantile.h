// Quantile (pinball) loss: its best output is the q-quantile of the target. Koenker and Bassett (1978)
//
//   rho = q (y - f) for f < y,   (1 - q) (f - y) otherwise;   d rho / df = -q below y, 1 - q above, 0 at y

#ifndef TRAINYARD_CORE_LOSS_QUANTILE_H_
#define TRAINYARD_CORE_LOSS_QUANTILE_H_

#include <algorithm>

#include "absl/status/status.h"
#include "core/loss/best_constant.h"

namespace trainyard {

struct QuantileOptions {
  double quantile = 0.5;  // q, in (0, 1)

  friend bool operator==(const QuantileOptions&, const QuantileOptions&) = default;
};

// INVALID_ARGUMENT: q out of range; a FieldError relative to the loss.
absl::Status Validate(const QuantileOptions& options);

struct QuantileRho {
  double quantile;

  double Value(double f, double y) const { return f < y ? quantile * (y - f) : (1 - quantile) * (f - y); }
  double Slope(double f, double y) const { return f < y ? -quantile : f > y ? 1 - quantile : 0; }
  double SteepestSlope() const { return std::max(quantile, 1 - quantile); }
  double Number(double f) const { return f; }
  double BestConstant(const Targets& targets) const { return Quantile(targets, quantile); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_QUANTILE_H_
