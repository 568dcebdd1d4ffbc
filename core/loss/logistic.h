// Logistic loss: maximum likelihood for two classes with one output, the log odds of the positive class, in nats.
//
//   phi(z) = log(1 + e^-z),   phi'(z) = -1 / (1 + e^z)

#ifndef TRAINYARD_CORE_LOSS_LOGISTIC_H_
#define TRAINYARD_CORE_LOSS_LOGISTIC_H_

#include <optional>
#include <string>

#include "core/loss/exp.h"
#include "core/loss/margin_loss.h"

namespace trainyard {

struct LogisticOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const LogisticOptions&, const LogisticOptions&) = default;
};

struct LogisticPhi {
  static constexpr double kSteepestSlope = 1;
  static constexpr double kShareOfLogOdds = 1;

  static double Value(double z) {
    double slope;
    return ValueAndSlope(z, slope);
  }
  static double Slope(double z) {
    double slope;
    ValueAndSlope(z, slope);
    return slope;
  }

  // Without a branch: on which side of 0 margins lie is anyone's guess. The slope, which the next step waits for, is there long before the
  // value; GCC, were it to inline this, would have it wait.
  [[gnu::noinline]] static double ValueAndSlope(double margin, double& slope) {
    const auto z = Lanes::Broadcast(margin);
    const auto one = Lanes::Broadcast(1);
    const auto minus_z = Lanes::Multiply(Lanes::Broadcast(-1), z);
    const auto e = ExpOfMinus(Lanes::Abs(z));
    const auto numerator = Lanes::Select(Lanes::Less(Lanes::Zero(), z), e, one);
    slope = -_mm256_cvtsd_f64(Lanes::Divide(numerator, Lanes::Add(one, e)));
    return _mm256_cvtsd_f64(Lanes::Add(kernel::LogOnePlus<Lanes>(e), Lanes::Max(Lanes::Zero(), minus_z)));
  }

  // 1 / (1 + e^-f)
  static double Probability(double f) { return -Slope(-f); }

 private:
  using Lanes = FourDoubles;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_LOGISTIC_H_
