// Absolute loss: its minimum is the median of the target.
//
//   rho = |f - y|,   d rho / df = sign(f - y), sign(0) = 0

#ifndef TRAINYARD_CORE_LOSS_ABSOLUTE_H_
#define TRAINYARD_CORE_LOSS_ABSOLUTE_H_

#include <cmath>

#include "core/loss/best_constant.h"

namespace trainyard {

struct AbsoluteOptions {
  friend bool operator==(const AbsoluteOptions&, const AbsoluteOptions&) = default;
};

struct AbsoluteRho {
  double Value(double f, double y) const { return std::abs(f - y); }
  double Slope(double f, double y) const { return (f > y ? 1.0 : 0.0) - (f < y ? 1.0 : 0.0); }
  double SteepestSlope() const { return 1; }
  double Number(double f) const { return f; }
  static double BestConstant(const Targets& targets) { return Median(targets); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_ABSOLUTE_H_
