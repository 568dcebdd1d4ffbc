// Huber loss: squared for small errors, absolute for large ones. Huber (1964)
//
//   rho = e^2 / 2 for |e| <= delta,   delta (|e| - delta / 2) beyond;   d rho / df = e cut to [-delta, delta];   e = f - y

#ifndef TRAINYARD_CORE_LOSS_HUBER_H_
#define TRAINYARD_CORE_LOSS_HUBER_H_

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "core/loss/best_constant.h"

namespace trainyard {

struct HuberOptions {
  double delta = 1;  // positive and finite, in the target's unit

  friend bool operator==(const HuberOptions&, const HuberOptions&) = default;
};

// INVALID_ARGUMENT: delta out of range; a FieldError relative to the loss.
absl::Status Validate(const HuberOptions& options);

struct HuberRho {
  double delta;

  double Value(double f, double y) const {
    const double size = std::abs(f - y);
    return size <= delta ? 0.5 * size * size : delta * (size - 0.5 * delta);
  }
  double Slope(double f, double y) const { return std::clamp(f - y, -delta, delta); }
  double SteepestSlope() const { return delta; }
  double Number(double f) const { return f; }
  static double BestConstant(const Targets& targets) { return Median(targets); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_HUBER_H_
