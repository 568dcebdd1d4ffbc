// Exponential loss, that of AdaBoost. Its sum is infinite from margins of about -709 on. Freund and Schapire (1997)
//
//   phi(z) = e^-z,   phi'(z) = -e^-z

#ifndef TRAINYARD_CORE_LOSS_EXPONENTIAL_H_
#define TRAINYARD_CORE_LOSS_EXPONENTIAL_H_

#include <cmath>
#include <optional>
#include <string>

namespace trainyard {

struct ExponentialOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const ExponentialOptions&, const ExponentialOptions&) = default;
};

struct ExponentialPhi {
  static constexpr double kShareOfLogOdds = 0.5;

  static double Value(double z) { return std::exp(-z); }
  static double Slope(double z) { return -std::exp(-z); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_EXPONENTIAL_H_
