// The update rules for a linear model whose gradients are sparse.

#ifndef TRAINYARD_CORE_OPTIM_MAKE_SPARSE_OPTIMIZER_H_
#define TRAINYARD_CORE_OPTIM_MAKE_SPARSE_OPTIMIZER_H_

#include <cstdint>
#include <memory>
#include <variant>

#include "core/optim/clipping.h"
#include "core/optim/make_optimizer.h"
#include "core/optim/regularization.h"

namespace trainyard {

// Whether the weights that a minibatch does not read move by a linear rule, so that they can wait: without l1, whose sign(w) is not linear,
// and with l2 only where elements are not clipped one by one. Otherwise a step passes over all parameters.
inline bool MayStepLazily(const RegularizationOptions& regularization, const ClippingOptions& clipping) {
  if (regularization.l1 > 0) return false;
  return regularization.l2 == 0 || !std::holds_alternative<ClipValue>(clipping);
}

// A fresh run's state; velocity 0. For gradients that MayStepLazily, with this `regularization`.
template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeSparseOptimizer(const UpdateRuleOptions& rule, int64_t input_count, int64_t units,
                                                     const RegularizationOptions& regularization);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MAKE_SPARSE_OPTIMIZER_H_
