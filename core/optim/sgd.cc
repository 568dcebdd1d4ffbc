#include "core/optim/sgd.h"

namespace trainyard {

template <typename Real>
absl::Status Sgd<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  const Real rate = static_cast<Real>(rates.learning_rate);
  return objective.Gradient(theta, [&](const GradientView<Real>& gradient) {
    pass_(gradient, theta, rates.learning_rate, theta, [&](int64_t j, Real g) { theta[j] -= rate * g; });
  });
}

template class Sgd<float>;
template class Sgd<double>;

}  // namespace trainyard
