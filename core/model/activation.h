// The nonlinearities of hidden units.

#ifndef TRAINYARD_CORE_MODEL_ACTIVATION_H_
#define TRAINYARD_CORE_MODEL_ACTIVATION_H_

#include <optional>
#include <variant>

#include "absl/status/status.h"
#include "core/kernel/kernels.h"

namespace trainyard {

// z
struct Identity {
  friend bool operator==(const Identity&, const Identity&) = default;
};

// max(0, z); derivative 0 at 0.
struct Relu {
  friend bool operator==(const Relu&, const Relu&) = default;
};

// tanh(z)
struct Tanh {
  friend bool operator==(const Tanh&, const Tanh&) = default;
};

// z for z > 0, slope z otherwise.
struct LeakyRelu {
  double slope = 0.01;  // in [0, 1)

  friend bool operator==(const LeakyRelu&, const LeakyRelu&) = default;
};

// 1 / (1 + e^-z)
struct Sigmoid {
  friend bool operator==(const Sigmoid&, const Sigmoid&) = default;
};

// log(1 + e^z)
struct Softplus {
  friend bool operator==(const Softplus&, const Softplus&) = default;
};

using ActivationOptions = std::variant<Identity, Relu, Tanh, LeakyRelu, Sigmoid, Softplus>;

// INVALID_ARGUMENT: a setting out of range; a FieldError relative to the activation.
absl::Status Validate(const ActivationOptions& options);

// How the kernels apply it: what becomes of each sum before it is stored, then an elementwise function where there is one.
template <typename Real>
struct ActivationKernels {
  Epilogue epilogue = Epilogue::kNone;
  Real slope = 0;
  std::optional<Nonlinearity> function;
};

template <typename Real>
ActivationKernels<Real> KernelsOf(const ActivationOptions& activation);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_ACTIVATION_H_
