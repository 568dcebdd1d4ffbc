// e^x in double by the kernels' polynomial: the same bits whatever the C library. Relative error below 2^-50; 0 below -708.4, infinite
// above 708.4; of what is no number, none.

#ifndef TRAINYARD_CORE_LOSS_EXP_H_
#define TRAINYARD_CORE_LOSS_EXP_H_

#include "core/kernel/avx2_lanes.h"
#include "core/kernel/functions.h"

namespace trainyard {

// All processors have these lanes; each of the four has the bits of a scalar.
using FourDoubles = kernel::Avx2Lanes<double>;

// e^-y, y >= 0.
inline FourDoubles::Vector ExpOfMinus(FourDoubles::Vector y) {
  return kernel::Exponential<FourDoubles>(FourDoubles::Multiply(FourDoubles::Broadcast(-1), y)).Value();
}

inline double Exp(double x) {
  const auto e = ExpOfMinus(FourDoubles::Abs(FourDoubles::Broadcast(x)));
  return x > 0 ? 1 / _mm256_cvtsd_f64(e) : _mm256_cvtsd_f64(e);
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_EXP_H_
