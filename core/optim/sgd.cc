#include "core/optim/sgd.h"

namespace trainyard {

template <typename Real>
absl::Status Sgd<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  return objective.Gradient(theta, [&](const GradientView<Real>& gradient) {
    pass_(gradient, objective.dimension(), {theta.data()}, [&](const GradientBlock<Real>& block) {
      kernels_.sgd(RatesFor<Real>(rates, block), block.values, theta.data() + block.begin);
    });
  });
}

template class Sgd<float>;
template class Sgd<double>;

}  // namespace trainyard
