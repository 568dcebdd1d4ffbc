#include "core/model/activation.h"

#include <algorithm>
#include <cmath>

#include "core/base/status.h"

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
void Apply(const LeakyRelu& leaky, std::span<Real> z) {
  const Real slope = static_cast<Real>(leaky.slope);
  for (Real& x : z) x = x > 0 ? x : slope * x;
}

// The exponential of what is not positive: it does not overflow.
template <typename Real>
void Apply(const Sigmoid&, std::span<Real> z) {
  for (Real& x : z) {
    const Real e = std::exp(-std::abs(x));
    x = (x > 0 ? Real(1) : e) / (1 + e);
  }
}

template <typename Real>
void Apply(const Softplus&, std::span<Real> z) {
  for (Real& x : z) x = std::max(x, Real(0)) + std::log1p(std::exp(-std::abs(x)));
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

// a > 0 where z > 0, as slope >= 0.
template <typename Real>
void Multiply(const LeakyRelu& leaky, std::span<const Real> a, std::span<Real> gradient) {
  const Real slope = static_cast<Real>(leaky.slope);
  for (size_t j = 0; j < a.size(); ++j) gradient[j] *= a[j] > 0 ? Real(1) : slope;
}

// d sigmoid(z)/dz = a (1 - a)
template <typename Real>
void Multiply(const Sigmoid&, std::span<const Real> a, std::span<Real> gradient) {
  for (size_t j = 0; j < a.size(); ++j) gradient[j] *= a[j] * (1 - a[j]);
}

// d softplus(z)/dz = 1 - e^-a
template <typename Real>
void Multiply(const Softplus&, std::span<const Real> a, std::span<Real> gradient) {
  for (size_t j = 0; j < a.size(); ++j) gradient[j] *= -std::expm1(-a[j]);
}

}  // namespace

absl::Status Validate(const ActivationOptions& options) {
  const LeakyRelu* leaky = std::get_if<LeakyRelu>(&options);
  if (leaky == nullptr || (leaky->slope >= 0 && leaky->slope < 1)) return absl::OkStatus();
  return InField("leaky_relu", FieldError("slope", leaky->slope, "in [0, 1)"));
}

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
