// Hinge loss, that of support-vector machines. Cortes and Vapnik (1995)
//
//   phi(z) = max(0, 1 - z),   phi'(z) = -[z < 1]

#ifndef TRAINYARD_CORE_LOSS_HINGE_H_
#define TRAINYARD_CORE_LOSS_HINGE_H_

#include <optional>
#include <string>

namespace trainyard {

struct HingeOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const HingeOptions&, const HingeOptions&) = default;
};

struct HingePhi {
  static constexpr double kSteepestSlope = 1;
  static double Value(double z) { return z >= 1 ? 0 : 1 - z; }
  static double Slope(double z) { return z >= 1 ? 0 : -1; }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_HINGE_H_
