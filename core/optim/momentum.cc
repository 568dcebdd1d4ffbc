#include "core/optim/momentum.h"

namespace trainyard {

absl::Status Validate(const MomentumOptions& options) { return ValidateMomentum(options.momentum, options.schedule); }

template <typename Real>
absl::Status Momentum<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  return objective.Gradient(theta, [&](const GradientView<Real>& gradient) {
    pass_(gradient, objective.dimension(), {velocity_.data(), theta.data()}, [&](const GradientBlock<Real>& block) {
      kernels_.momentum(RatesFor<Real>(rates, block), block.values, velocity_.data() + block.begin,
                        theta.data() + block.begin);
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
