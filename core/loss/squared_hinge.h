// Squared hinge loss: smooth at the margin, and dearer beyond it.
//
//   phi(z) = max(0, 1 - z)^2,   phi'(z) = -2 max(0, 1 - z)

#ifndef TRAINYARD_CORE_LOSS_SQUARED_HINGE_H_
#define TRAINYARD_CORE_LOSS_SQUARED_HINGE_H_

#include <optional>
#include <string>

namespace trainyard {

struct SquaredHingeOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const SquaredHingeOptions&, const SquaredHingeOptions&) = default;
};

struct SquaredHingePhi {
  static double Value(double z) { return z >= 1 ? 0 : (1 - z) * (1 - z); }
  static double Slope(double z) { return z >= 1 ? 0 : -2 * (1 - z); }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SQUARED_HINGE_H_
