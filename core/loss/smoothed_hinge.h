// Smoothed hinge loss: quadratic between the margin and the boundary, linear beyond. Rennie and Srebro (2005)
//
//   phi(z) = 0 for z >= 1,   (1 - z)^2 / 2 for 0 < z < 1,   1/2 - z for z <= 0;   phi'(z) = 0, z - 1, -1

#ifndef TRAINYARD_CORE_LOSS_SMOOTHED_HINGE_H_
#define TRAINYARD_CORE_LOSS_SMOOTHED_HINGE_H_

#include <optional>
#include <string>

namespace trainyard {

struct SmoothedHingeOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const SmoothedHingeOptions&, const SmoothedHingeOptions&) = default;
};

struct SmoothedHingePhi {
  static constexpr double kSteepestSlope = 1;
  static double Value(double z) {
    if (z >= 1) return 0;
    return z > 0 ? 0.5 * (1 - z) * (1 - z) : 0.5 - z;
  }
  static double Slope(double z) {
    if (z >= 1) return 0;
    return z > 0 ? z - 1 : -1;
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SMOOTHED_HINGE_H_
