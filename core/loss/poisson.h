// Poisson loss with log link: maximum likelihood for counts, but for the constant log y!.
//
//   rho = e^f - y f,   d rho / df = e^f - y;   e^f is predicted

#ifndef TRAINYARD_CORE_LOSS_POISSON_H_
#define TRAINYARD_CORE_LOSS_POISSON_H_

#include "core/loss/best_constant.h"
#include "core/loss/exp.h"

namespace trainyard {

struct PoissonOptions {
  friend bool operator==(const PoissonOptions&, const PoissonOptions&) = default;
};

struct PoissonRho {
  static constexpr double kSmallestTarget = 0;

  double Value(double f, double y) const { return Exp(f) - y * f; }
  double Slope(double f, double y) const { return Exp(f) - y; }
  double Number(double f) const { return Exp(f); }
  static double BestConstant(const Targets& targets) { return LogMean(targets); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_POISSON_H_
