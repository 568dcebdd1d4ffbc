// Stochastic gradient descent at the cost of a sparse gradient's inputs, where there is no penalty and no decay: other weights do not move.

#ifndef TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
#define TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_

#include <algorithm>
#include <vector>

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
    const Support support = *objective.NextSupport();
    Read(support, theta.data());
    Real* const biases = theta.data() + theta.size() - units_;
    const SupportPoint<Real> point{.weights = weights_, .biases = {biases, static_cast<size_t>(units_)}};
    return objective.GradientAtSupport(point, [&](const SparseGradient<Real>& gradient) {
      const Real rate = static_cast<Real>(rates.learning_rate);
      Move(rate, gradient.values, gradient.pending, weights_.data());
      Move(rate, gradient.biases, gradient.bias_pending, biases);
      Write(gradient.inputs, theta.data());
    });
  }

 private:
  // The weights of the support, behind those that are known.
  void Read(const Support& support, const Real* theta) {
    weights_.resize(support.inputs.size() * static_cast<size_t>(units_));
    Real* to = weights_.data() + static_cast<int64_t>(support.known) * units_;
    if (units_ == 1) {
      for (const uint32_t input : support.following) Prefetch(theta + input);
      for (const uint32_t input : support.inputs.subspan(support.known)) *to++ = theta[input];
      return;
    }
    for (const uint32_t input : support.inputs.subspan(support.known)) {
      to = std::copy_n(theta + input * units_, units_, to);
    }
  }

  void Write(std::span<const uint32_t> inputs, Real* theta) const {
    const Real* from = weights_.data();
    if (units_ == 1) {
      for (const uint32_t input : inputs) theta[input] = *from++;
      return;
    }
    for (const uint32_t input : inputs) {
      std::copy_n(from, units_, theta + input * units_);
      from += units_;
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
  std::vector<Real> weights_;  // [support, units]
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SPARSE_SGD_H_
