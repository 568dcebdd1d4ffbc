#include "core/optim/momentum.h"

namespace trainyard {

absl::Status Validate(const MomentumOptions& options) { return ValidateMomentum(options.momentum, options.schedule); }

template <typename Real>
absl::Status Momentum<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  const Real rate = static_cast<Real>(rates.learning_rate);
  const Real alpha = static_cast<Real>(rates.momentum);
  const std::span<Real> v = velocity_;
  return objective.Gradient(theta, [&](const GradientView<Real>& gradient) {
    pass_(gradient, theta, rates.learning_rate, theta, [&](int64_t j, Real g) {
      v[j] = alpha * v[j] - rate * g;
      theta[j] += v[j];
    });
  });
}

template <typename Real>
std::vector<OptimizerArray> Momentum<Real>::state() {
  return {{.name = "velocity", .bytes = std::as_writable_bytes(std::span(velocity_))}};
}

template class Momentum<float>;
template class Momentum<double>;

}  // namespace trainyard
