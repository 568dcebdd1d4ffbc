// Squared loss: its minimum is the mean of the target.
//
//   rho = (1/2) (f - y)^2,   d rho / df = f - y

#ifndef TRAINYARD_CORE_LOSS_SQUARED_H_
#define TRAINYARD_CORE_LOSS_SQUARED_H_

#include "core/loss/best_constant.h"

namespace trainyard {

struct SquaredOptions {
  friend bool operator==(const SquaredOptions&, const SquaredOptions&) = default;
};

struct SquaredRho {
  double Value(double f, double y) const { return 0.5 * (f - y) * (f - y); }
  double Slope(double f, double y) const { return f - y; }
  double Number(double f) const { return f; }
  static double BestConstant(const Targets& targets) { return Mean(targets); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SQUARED_H_
