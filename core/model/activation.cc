#include "core/model/activation.h"

#include "core/base/status.h"

namespace trainyard {
namespace {

template <typename Real>
ActivationKernels<Real> Of(const Identity&) {
  return {};
}
template <typename Real>
ActivationKernels<Real> Of(const Relu&) {
  return {.epilogue = Epilogue::kRelu};
}
template <typename Real>
ActivationKernels<Real> Of(const Tanh&) {
  return {.function = Nonlinearity::kTanh};
}
template <typename Real>
ActivationKernels<Real> Of(const LeakyRelu& leaky) {
  return {.epilogue = Epilogue::kLeakyRelu, .slope = static_cast<Real>(leaky.slope)};
}
template <typename Real>
ActivationKernels<Real> Of(const Sigmoid&) {
  return {.function = Nonlinearity::kSigmoid};
}
template <typename Real>
ActivationKernels<Real> Of(const Softplus&) {
  return {.function = Nonlinearity::kSoftplus};
}

}  // namespace

absl::Status Validate(const ActivationOptions& options) {
  const LeakyRelu* leaky = std::get_if<LeakyRelu>(&options);
  if (leaky == nullptr || (leaky->slope >= 0 && leaky->slope < 1)) return absl::OkStatus();
  return InField("leaky_relu", FieldError("slope", leaky->slope, "in [0, 1)"));
}

template <typename Real>
ActivationKernels<Real> KernelsOf(const ActivationOptions& activation) {
  return std::visit([](const auto& kind) { return Of<Real>(kind); }, activation);
}

template ActivationKernels<float> KernelsOf(const ActivationOptions&);
template ActivationKernels<double> KernelsOf(const ActivationOptions&);

}  // namespace trainyard
