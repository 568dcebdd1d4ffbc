// The elementwise functions of hidden units, by formulas that do not cancel.

#ifndef TRAINYARD_CORE_KERNEL_NONLINEARITIES_H_
#define TRAINYARD_CORE_KERNEL_NONLINEARITIES_H_

#include <cstdint>

#include "core/base/matrix.h"
#include "core/kernel/functions.h"
#include "core/kernel/kernels.h"
#include "core/kernel/rows.h"

namespace trainyard::kernel {

// With e = e^(-2|z|) - 1: |tanh z| = -e / (2 + e). The derivative is 1 - a^2.
template <typename Lanes>
struct Tanh {
  using Vector = typename Lanes::Vector;

  static Vector Value(Vector z) {
    const Vector e = Exponential<Lanes>(Lanes::Multiply(Lanes::Broadcast(-2), Lanes::Abs(z))).MinusOne();
    return Lanes::CopySign(Lanes::Divide(e, Lanes::Add(Lanes::Broadcast(2), e)), z);
  }
  static Vector Derivative(Vector a) { return Lanes::NegatedFma(a, a, Lanes::Broadcast(1)); }
};

// With e = e^-|z|: 1 / (1 + e) for z >= 0, e / (1 + e) below. The derivative is a (1 - a).
template <typename Lanes>
struct Sigmoid {
  using Vector = typename Lanes::Vector;

  static Vector Value(Vector z) {
    const Vector one = Lanes::Broadcast(1);
    const Vector e = Exponential<Lanes>(Lanes::Multiply(Lanes::Broadcast(-1), Lanes::Abs(z))).Value();
    return Lanes::Divide(Lanes::Select(Lanes::Less(z, Lanes::Zero()), e, one), Lanes::Add(one, e));
  }
  static Vector Derivative(Vector a) { return Lanes::Multiply(a, Lanes::Subtract(Lanes::Broadcast(1), a)); }
};

// max(0, z) + log(1 + e^-|z|). The derivative is 1 - e^-a.
template <typename Lanes>
struct Softplus {
  using Vector = typename Lanes::Vector;

  static Vector Value(Vector z) {
    const Vector e = Exponential<Lanes>(Lanes::Multiply(Lanes::Broadcast(-1), Lanes::Abs(z))).Value();
    return Lanes::Add(Lanes::Max(Lanes::Zero(), z), LogOnePlus<Lanes>(e));
  }
  static Vector Derivative(Vector a) {
    const Vector e = Exponential<Lanes>(Lanes::Multiply(Lanes::Broadcast(-1), a)).MinusOne();
    return Lanes::Multiply(Lanes::Broadcast(-1), e);
  }
};

template <typename Lanes, typename Function, typename Real = typename Lanes::Real>
inline void ActivateBy(MatrixView<Real> z) {
  for (int64_t row = 0; row < z.rows; ++row) {
    Real* const elements = z.data + row * z.stride;
    ForEachVector<Lanes>(z.columns, [&](int64_t i, auto lanes) {
      Lanes::Store(lanes, elements + i, Function::Value(Lanes::Load(lanes, elements + i)));
    });
  }
}

template <typename Lanes, typename Function, typename Real = typename Lanes::Real>
inline void MultiplyDerivativeBy(MatrixView<const Real> a, MatrixView<Real> gradient) {
  for (int64_t row = 0; row < gradient.rows; ++row) {
    const Real* const activations = a.data + row * a.stride;
    Real* const elements = gradient.data + row * gradient.stride;
    ForEachVector<Lanes>(gradient.columns, [&](int64_t i, auto lanes) {
      const auto derivative = Function::Derivative(Lanes::Load(lanes, activations + i));
      Lanes::Store(lanes, elements + i, Lanes::Multiply(Lanes::Load(lanes, elements + i), derivative));
    });
  }
}

template <typename Lanes, typename Real = typename Lanes::Real>
void Activate(Nonlinearity function, MatrixView<Real> z) {
  switch (function) {
    case Nonlinearity::kTanh:
      return ActivateBy<Lanes, Tanh<Lanes>>(z);
    case Nonlinearity::kSigmoid:
      return ActivateBy<Lanes, Sigmoid<Lanes>>(z);
    case Nonlinearity::kSoftplus:
      return ActivateBy<Lanes, Softplus<Lanes>>(z);
  }
}

template <typename Lanes, typename Real = typename Lanes::Real>
void MultiplyDerivative(Nonlinearity function, MatrixView<const Real> a, MatrixView<Real> gradient) {
  switch (function) {
    case Nonlinearity::kTanh:
      return MultiplyDerivativeBy<Lanes, Tanh<Lanes>>(a, gradient);
    case Nonlinearity::kSigmoid:
      return MultiplyDerivativeBy<Lanes, Sigmoid<Lanes>>(a, gradient);
    case Nonlinearity::kSoftplus:
      return MultiplyDerivativeBy<Lanes, Softplus<Lanes>>(a, gradient);
  }
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_NONLINEARITIES_H_
