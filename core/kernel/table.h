// The table of one instruction set.

#ifndef TRAINYARD_CORE_KERNEL_TABLE_H_
#define TRAINYARD_CORE_KERNEL_TABLE_H_

#include "core/kernel/kernels.h"
#include "core/kernel/magnitudes.h"
#include "core/kernel/nonlinearities.h"
#include "core/kernel/products.h"
#include "core/kernel/rows.h"
#include "core/kernel/softmax.h"
#include "core/kernel/transposes.h"
#include "core/kernel/updates.h"
#include "core/kernel/weight_gradients.h"

namespace trainyard::kernel {

template <typename Lanes>
constexpr Kernels<typename Lanes::Real> TableOf() {
  return {
      .forward = &Forward<Lanes>,
      .transpose = &Transpose<Lanes>,
      .input_gradient = &InputGradient<Lanes>,
      .weight_gradient = &WeightGradient<Lanes>,
      .sgd = &UpdateSgd<Lanes>,
      .momentum = &UpdateMomentum<Lanes>,
      .nesterov = &UpdateNesterov<Lanes>,
      .squared_norm = &SquaredNorm<Lanes>,
      .gather_rows = &GatherRows<Lanes>,
      .largest_magnitude = &LargestMagnitude<Lanes>,
      .activate = &Activate<Lanes>,
      .multiply_derivative = &MultiplyDerivative<Lanes>,
      .softmax_cross_entropy = &SoftmaxCrossEntropy<Lanes>,
  };
}

// Each instruction set is one translation unit.
template <typename Real>
const Kernels<Real>& ScalarKernels();
template <typename Real>
const Kernels<Real>& Avx2Kernels();
template <typename Real>
const Kernels<Real>& Avx512Kernels();

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_TABLE_H_
