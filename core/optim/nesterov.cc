#include "core/optim/nesterov.h"

#include <cmath>

namespace trainyard {

absl::Status Validate(const NesterovOptions& options) { return ValidateMomentum(options.momentum, options.schedule); }

template <typename Real>
absl::Status Nesterov<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  if (ahead_of_ != rates.momentum) {
    const Real alpha = static_cast<Real>(rates.momentum);
    for (size_t j = 0; j < theta.size(); ++j) ahead_[j] = std::fma(alpha, velocity_[j], theta[j]);
    ahead_of_ = rates.momentum;
  }
  return objective.Gradient(ahead_, [&](const GradientView<Real>& gradient) {
    const Touched<Real> touched = {velocity_.data(), theta.data(), ahead_.data()};
    pass_(gradient, objective.dimension(), touched, [&](const GradientBlock<Real>& block) {
      kernels_.nesterov(RatesFor<Real>(rates, block), block.values, velocity_.data() + block.begin,
                        theta.data() + block.begin, ahead_.data() + block.begin);
    });
  });
}

template <typename Real>
std::vector<OptimizerArray> Nesterov<Real>::state() {
  ahead_of_.reset();
  return {{.name = "velocity", .bytes = std::as_writable_bytes(std::span(velocity_))}};
}

template class Nesterov<float>;
template class Nesterov<double>;

}  // namespace trainyard
