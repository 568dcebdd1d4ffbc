// How every dense update rule takes a gradient view: block by block.

#ifndef TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_
#define TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>

#include "core/base/aligned_vector.h"
#include "core/base/objective.h"
#include "core/kernel/kernels.h"
#include "core/optim/optimizer.h"

namespace trainyard {

// g_j = clip(scale * (d + l2 p + l1 sign(p)), limit)
template <typename Real>
Real Complete(Real d, Real p, const Pending& pending) {
  const Real sign = static_cast<Real>((p > 0) - (p < 0));
  const Real g =
      static_cast<Real>(pending.scale) * (d + static_cast<Real>(pending.l2) * p + static_cast<Real>(pending.l1) * sign);
  const Real limit = static_cast<Real>(pending.limit);
  return std::clamp(g, -limit, limit);
}

// Writes d of a sparse view as a dense vector.
template <typename Real>
void Expand(const SparseGradient<Real>& gradient, std::span<Real> dense) {
  const int64_t units = gradient.units;
  std::fill(dense.begin(), dense.end(), Real{0});
  for (size_t k = 0; k < gradient.inputs.size(); ++k) {
    const Real* const values = gradient.values.data() + static_cast<int64_t>(k) * units;
    std::copy(values, values + units, dense.begin() + gradient.inputs[k] * units);
  }
  std::copy(gradient.biases.begin(), gradient.biases.end(), dense.begin() + gradient.bias_begin);
}

template <typename Real>
class GradientPass {
 public:
  // Calls visit(block) for each block of the view; a sparse view is first written into one dense vector of `dimension` elements.
  template <typename Visit>
  void operator()(const GradientView<Real>& gradient, int64_t dimension, const Touched<Real>& touched, Visit visit) {
    if (const auto* dense = std::get_if<DenseGradient<Real>>(&gradient)) return (*dense)(visit, touched);
    const auto& sparse = std::get<SparseGradient<Real>>(gradient);
    expanded_.resize(dimension);
    Expand<Real>(sparse, expanded_);
    const std::span<const Real> all = expanded_;
    visit(GradientBlock<Real>{.begin = 0, .values = all.first(sparse.bias_begin), .pending = sparse.pending});
    visit(GradientBlock<Real>{
        .begin = sparse.bias_begin, .values = all.subspan(sparse.bias_begin), .pending = sparse.bias_pending});
  }

 private:
  AlignedVector<Real> expanded_;  // a sparse view; empty as long as none came
};

// What the kernels need of a step for one block.
template <typename Real>
UpdateRates<Real> RatesFor(const StepRates& rates, const GradientBlock<Real>& block) {
  return {.learning_rate = static_cast<Real>(rates.learning_rate),
          .momentum = static_cast<Real>(rates.momentum),
          .pending = block.pending,
          .fetched = block.fetched};
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_
