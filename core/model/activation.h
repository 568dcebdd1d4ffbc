// The nonlinearities of hidden units.

#ifndef TRAINYARD_CORE_MODEL_ACTIVATION_H_
#define TRAINYARD_CORE_MODEL_ACTIVATION_H_

#include <variant>

#include "absl/status/status.h"
#include "core/base/matrix.h"

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

// z becomes a.
template <typename Real>
void Activate(const ActivationOptions& activation, MatrixView<Real> z);

// gradient <- gradient * da/dz, with the derivative taken from the stored activation a.
template <typename Real>
void MultiplyDerivative(const ActivationOptions& activation, MatrixView<const Real> a, MatrixView<Real> gradient);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_ACTIVATION_H_
