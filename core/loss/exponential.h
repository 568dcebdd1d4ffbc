// Exponential loss, that of AdaBoost. Its sum is infinite from margins of about -708 on. Freund and Schapire (1997)
//
//   phi(z) = e^-z,   phi'(z) = -e^-z

#ifndef TRAINYARD_CORE_LOSS_EXPONENTIAL_H_
#define TRAINYARD_CORE_LOSS_EXPONENTIAL_H_

#include <optional>
#include <string>

#include "core/loss/exp.h"

namespace trainyard {

struct ExponentialOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const ExponentialOptions&, const ExponentialOptions&) = default;
};

struct ExponentialPhi {
  static constexpr double kShareOfLogOdds = 0.5;

  static double Value(double z) { return Exp(-z); }
  static double Slope(double z) { return -Exp(-z); }
  static double ValueAndSlope(double z, double& slope) {
    const double value = Exp(-z);
    slope = -value;
    return value;
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_EXPONENTIAL_H_
