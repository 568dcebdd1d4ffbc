// Perceptron loss: only what is misclassified costs. Rosenblatt (1958)
//
//   phi(z) = max(0, -z),   phi'(z) = -[z <= 0]: a start at f = 0 can be left

#ifndef TRAINYARD_CORE_LOSS_PERCEPTRON_H_
#define TRAINYARD_CORE_LOSS_PERCEPTRON_H_

#include <optional>
#include <string>

namespace trainyard {

struct PerceptronOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const PerceptronOptions&, const PerceptronOptions&) = default;
};

struct PerceptronPhi {
  static constexpr double kSteepestSlope = 1;
  static double Value(double z) { return z >= 0 ? 0 : -z; }
  static double Slope(double z) { return z > 0 ? 0 : -1; }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_PERCEPTRON_H_
