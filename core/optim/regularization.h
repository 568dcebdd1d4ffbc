// Penalties on weights, never on biases.
//
//   penalty = (l2 / 2) |W|^2 + l1 |W|_1          its gradient, l2 W + l1 sign(W) with sign(0) = 0, joins that of the loss
//   decoupled decay: W <- W - eps_k weight_decay W, before the update (Loshchilov and Hutter, 2019)

#ifndef TRAINYARD_CORE_OPTIM_REGULARIZATION_H_
#define TRAINYARD_CORE_OPTIM_REGULARIZATION_H_

#include "absl/status/status.h"

namespace trainyard {

// Each at least 0 and finite.
struct RegularizationOptions {
  double l2 = 0;
  double l1 = 0;
  double weight_decay = 0;

  bool has_penalty() const { return l2 > 0 || l1 > 0; }

  friend bool operator==(const RegularizationOptions&, const RegularizationOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const RegularizationOptions& options);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_REGULARIZATION_H_
