// Logistic loss: maximum likelihood for two classes with one output, the log odds of the positive class, in nats.
//
//   phi(z) = log(1 + e^-z),   phi'(z) = -1 / (1 + e^z)

#ifndef TRAINYARD_CORE_LOSS_LOGISTIC_H_
#define TRAINYARD_CORE_LOSS_LOGISTIC_H_

#include <cmath>
#include <optional>
#include <string>

namespace trainyard {

struct LogisticOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const LogisticOptions&, const LogisticOptions&) = default;
};

struct LogisticPhi {
  static constexpr double kSteepestSlope = 1;
  static constexpr double kShareOfLogOdds = 1;

  static double Value(double z) { return z > 0 ? std::log1p(std::exp(-z)) : std::log1p(std::exp(z)) - z; }
  static double Slope(double z) { return -Probability(-z); }

  // 1 / (1 + e^-f)
  static double Probability(double f) {
    const double e = std::exp(-std::abs(f));
    return f > 0 ? 1 / (1 + e) : e / (1 + e);
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_LOGISTIC_H_
