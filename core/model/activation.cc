#include "core/model/activation.h"

#include <cmath>

namespace trainyard {
namespace {

template <typename Real>
void Apply(const Identity&, std::span<Real>) {}

template <typename Real>
void Apply(const Relu&, std::span<Real> z) {
  for (Real& x : z) x = x > 0 ? x : Real(0);
}

template <typename Real>
void Apply(const Tanh&, std::span<Real> z) {
  for (Real& x : z) x = std::tanh(x);
}

template <typename Real>
void Multiply(const Identity&, std::span<const Real>, std::span<Real>) {}

template <typename Real>
void Multiply(const Relu&, std::span<const Real> a, std::span<Real> gradient) {
  for (size_t j = 0; j < a.size(); ++j) gradient[j] = a[j] > 0 ? gradient[j] : Real(0);
}

// d tanh(z)/dz = 1 - a^2
template <typename Real>
void Multiply(const Tanh&, std::span<const Real> a, std::span<Real> gradient) {
  for (size_t j = 0; j < a.size(); ++j) gradient[j] *= 1 - a[j] * a[j];
}

}  // namespace

template <typename Real>
void Activate(const ActivationOptions& activation, MatrixView<Real> z) {
  std::visit(
      [z](const auto& kind) {
        for (int64_t i = 0; i < z.rows; ++i) Apply(kind, z.row(i));
      },
      activation);
}

template <typename Real>
void MultiplyDerivative(const ActivationOptions& activation, MatrixView<const Real> a, MatrixView<Real> gradient) {
  std::visit(
      [a, gradient](const auto& kind) {
        for (int64_t i = 0; i < a.rows; ++i) Multiply(kind, a.row(i), gradient.row(i));
      },
      activation);
}

template void Activate(const ActivationOptions&, MatrixView<float>);
template void Activate(const ActivationOptions&, MatrixView<double>);
template void MultiplyDerivative(const ActivationOptions&, MatrixView<const float>, MatrixView<float>);
template void MultiplyDerivative(const ActivationOptions&, MatrixView<const double>, MatrixView<double>);

}  // namespace trainyard
