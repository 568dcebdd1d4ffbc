// Squared loss of the margin: least squares on targets -1 and +1, as (1 - y f)^2 = (y - f)^2.
//
//   phi(z) = (1 - z)^2,   phi'(z) = -2 (1 - z)

#ifndef TRAINYARD_CORE_LOSS_SQUARED_MARGIN_H_
#define TRAINYARD_CORE_LOSS_SQUARED_MARGIN_H_

#include <optional>
#include <string>

namespace trainyard {

struct SquaredMarginOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const SquaredMarginOptions&, const SquaredMarginOptions&) = default;
};

struct SquaredMarginPhi {
  static double Value(double z) { return (1 - z) * (1 - z); }
  static double Slope(double z) { return -2 * (1 - z); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SQUARED_MARGIN_H_
