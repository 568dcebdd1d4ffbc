// What the two kinds of product, by panels and by output, are asked.

#ifndef TRAINYARD_CORE_KERNEL_PRODUCT_H_
#define TRAINYARD_CORE_KERNEL_PRODUCT_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/kernel/kernels.h"
#include "core/kernel/panels.h"

namespace trainyard::kernel {

// y = epilogue(a B); with a gate, y = a B where gate > 0, and 0 or slope a B elsewhere.
template <typename Real>
struct Product {
  PanelShape shape;
  int64_t depth;  // summed elements
  const Real* weights;
  MatrixView<const Real> a;
  Epilogue epilogue;
  Real slope;
  const Real* gate;  // null: none
  int64_t gate_stride;
  MatrixView<Real> y;
};

// `gates`: of the same elements, read where there is a gate and an epilogue.
template <typename Lanes>
inline typename Lanes::Vector Finished(const Product<typename Lanes::Real>& product, typename Lanes::Vector sum,
                                       const typename Lanes::Real* gates) {
  if (product.epilogue == Epilogue::kNone) return sum;
  const auto zero = Lanes::Zero();
  const bool leaky = product.epilogue == Epilogue::kLeakyRelu;
  const auto other = leaky ? Lanes::Multiply(Lanes::Broadcast(product.slope), sum) : zero;
  if (product.gate != nullptr) return Lanes::Select(Lanes::Less(zero, Lanes::Load(gates)), sum, other);
  return leaky ? Lanes::Select(Lanes::Less(sum, zero), other, sum) : Lanes::Max(zero, sum);
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_PRODUCT_H_
