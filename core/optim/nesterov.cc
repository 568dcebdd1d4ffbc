#include "core/optim/nesterov.h"

namespace trainyard {

absl::Status Validate(const NesterovOptions& options) { return ValidateMomentum(options.momentum, options.schedule); }

template <typename Real>
absl::Status Nesterov<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  const Real rate = static_cast<Real>(rates.learning_rate);
  const Real alpha = static_cast<Real>(rates.momentum);
  const std::span<Real> v = velocity_;
  for (size_t j = 0; j < theta.size(); ++j) ahead_[j] = theta[j] + alpha * v[j];
  return objective.Gradient(ahead_, [&](const GradientView<Real>& gradient) {
    pass_(gradient, ahead_, rates.learning_rate, theta, [&](int64_t j, Real g) {
      v[j] = alpha * v[j] - rate * g;
      theta[j] += v[j];
    });
  });
}

template <typename Real>
std::vector<OptimizerArray> Nesterov<Real>::state() {
  return {{.name = "velocity", .bytes = std::as_writable_bytes(std::span(velocity_))}};
}

template class Nesterov<float>;
template class Nesterov<double>;

}  // namespace trainyard
