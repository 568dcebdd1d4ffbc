// Stochastic gradient descent at the cost of a sparse gradient's inputs, where there is no penalty and no decay: other weights do not move.

#ifndef TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
#define TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_

#include <algorithm>
#include <span>

#include "core/base/prefetch.h"
#include "core/optim/gradient_pass.h"
#include "core/optim/optimizer.h"

namespace trainyard {

// For objectives that have a support, without l2, l1 or decay.
template <typename Real>
class SparseSgd final : public Optimizer<Real> {
 public:
  explicit SparseSgd(int64_t units) : units_(units) {}

  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override {
    if (static_cast<int64_t>(theta.size() * sizeof(Real)) > kNearBytes) {
      const Support support = *objective.NextSupport();
      for (const uint32_t input : support.following) Prefetch(theta.data() + input * units_);
    }
    return objective.GradientAtSupport({.all = theta}, [&](const SparseGradient<Real>& gradient) {
      const Real rate = static_cast<Real>(rates.learning_rate);
      MoveInputs(rate, gradient, theta.data());
      Move(rate, gradient.biases, gradient.bias_pending, theta.data() + gradient.bias_begin);
    });
  }

 private:
  // Parameters that are near anyway.
  static constexpr int64_t kNearBytes = 512 << 10;

  void MoveInputs(Real rate, const SparseGradient<Real>& gradient, Real* theta) const {
    const Real* d = gradient.values.data();
    if (units_ == 1 && gradient.pending == Pending()) {
      for (const uint32_t input : gradient.inputs) theta[input] -= rate * *d++;
      return;
    }
    const size_t units = static_cast<size_t>(units_);
    for (const uint32_t input : gradient.inputs) {
      Move(rate, {d, units}, gradient.pending, theta + input * units_);
      d += units;
    }
  }

  static void Move(Real rate, std::span<const Real> d, const Pending& pending, Real* theta) {
    if (pending == Pending()) {
      for (size_t j = 0; j < d.size(); ++j) theta[j] -= rate * d[j];
    } else {
      for (size_t j = 0; j < d.size(); ++j) theta[j] -= rate * Complete(d[j], theta[j], pending);
    }
  }

  const int64_t units_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
