// Stochastic gradient descent at the cost of a sparse gradient's inputs, where there is no penalty and no decay: other weights do not move.

#ifndef TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
#define TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_

#include <variant>

#include "core/optim/gradient_pass.h"
#include "core/optim/optimizer.h"

namespace trainyard {

// For objectives whose gradients are sparse, without l2, l1 or decay.
template <typename Real>
class SparseSgd final : public Optimizer<Real> {
 public:
  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override {
    const Real rate = static_cast<Real>(rates.learning_rate);
    return objective.Gradient(theta, [&](const GradientView<Real>& view) {
      const auto& gradient = std::get<SparseGradient<Real>>(view);
      if (gradient.units == 1 && gradient.pending == Pending()) return MovePlain(rate, gradient, theta);
      const auto move = [&](int64_t begin, const Real* values, const Pending& pending) {
        for (int64_t u = 0; u < gradient.units; ++u) {
          theta[begin + u] -= rate * Complete(values[u], theta[begin + u], pending);
        }
      };
      for (size_t k = 0; k < gradient.inputs.size(); ++k) {
        move(gradient.inputs[k] * gradient.units, gradient.values.data() + static_cast<int64_t>(k) * gradient.units,
             gradient.pending);
      }
      move(gradient.bias_begin, gradient.biases.data(), gradient.bias_pending);
    });
  }

 private:
  // Nothing is pending: g is d.
  static void MovePlain(Real rate, const SparseGradient<Real>& gradient, std::span<Real> theta) {
    for (size_t k = 0; k < gradient.inputs.size(); ++k) theta[gradient.inputs[k]] -= rate * gradient.values[k];
    theta[static_cast<size_t>(gradient.bias_begin)] -= rate * gradient.biases[0];
  }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
