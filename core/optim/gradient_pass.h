// One pass over the parameters: what every dense update rule does with a gradient view.

#ifndef TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_
#define TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <variant>
#include <vector>

#include "core/base/objective.h"

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
  // For each parameter j once: decays theta_j, then calls move(j, g_j). `point` is where the gradient was taken; it may be theta. A sparse
  // view is first written into one dense vector.
  template <typename Move>
  void operator()(const GradientView<Real>& gradient, std::span<const Real> point, double learning_rate,
                  std::span<Real> theta, Move move) {
    const auto walk = [&](const GradientBlock<Real>& block) {
      if (block.pending.decay == 0) return Walk(block, point, move);
      const Real shrink = static_cast<Real>(learning_rate * block.pending.decay);
      Walk(block, point, [&](int64_t j, Real g) {
        theta[j] -= shrink * theta[j];
        move(j, g);
      });
    };
    if (const auto* dense = std::get_if<DenseGradient<Real>>(&gradient)) {
      (*dense)(walk);
    } else {
      const auto& sparse = std::get<SparseGradient<Real>>(gradient);
      Expand(sparse, point.size());
      const std::span<const Real> all = expanded_;
      walk({.begin = 0, .values = all.first(sparse.bias_begin), .pending = sparse.pending});
      walk({.begin = sparse.bias_begin, .values = all.subspan(sparse.bias_begin), .pending = sparse.bias_pending});
    }
  }

 private:
  template <typename Move>
  static void Walk(const GradientBlock<Real>& block, std::span<const Real> point, Move&& move) {
    const int64_t size = static_cast<int64_t>(block.values.size());
    if (block.pending == Pending{.decay = block.pending.decay}) {
      for (int64_t i = 0; i < size; ++i) move(block.begin + i, block.values[i]);
    } else {
      for (int64_t i = 0; i < size; ++i) {
        move(block.begin + i, Complete(block.values[i], point[block.begin + i], block.pending));
      }
    }
  }

  void Expand(const SparseGradient<Real>& gradient, size_t dimension) {
    expanded_.resize(dimension);
    trainyard::Expand<Real>(gradient, expanded_);
  }

  std::vector<Real> expanded_;  // a sparse view; empty as long as none came
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_GRADIENT_PASS_H_
