// The range of a momentum coefficient, wherever a rule has one.

#ifndef TRAINYARD_CORE_OPTIM_CHECK_MOMENTUM_H_
#define TRAINYARD_CORE_OPTIM_CHECK_MOMENTUM_H_

#include "absl/status/status.h"
#include "core/base/status.h"

namespace trainyard {

// INVALID_ARGUMENT: not in [0, 1).
inline absl::Status CheckMomentum(double momentum) {
  if (!(momentum >= 0 && momentum < 1)) return FieldError("momentum", momentum, "in [0, 1)");
  return absl::OkStatus();
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_CHECK_MOMENTUM_H_
