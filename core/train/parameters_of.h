// A checkpoint's parameters, laid out for a network.

#ifndef TRAINYARD_CORE_TRAIN_PARAMETERS_OF_H_
#define TRAINYARD_CORE_TRAIN_PARAMETERS_OF_H_

#include "absl/status/statusor.h"
#include "core/base/aligned_vector.h"
#include "core/base/status.h"
#include "core/model/network.h"
#include "core/train/checkpoint.h"

namespace trainyard {

// DATA_LOSS (CHECKPOINT_DAMAGED): `state` has another number of parameters, or another precision than Real.
template <typename Real>
absl::StatusOr<AlignedVector<Real>> ParametersOf(const ParameterLayout& layout, const Checkpoint& state) {
  if (state.parameters.size() != layout.parameter_count() * sizeof(Real)) {
    return WithReason(absl::DataLossError("the state is of a network with another number of parameters"),
                      "CHECKPOINT_DAMAGED");
  }
  AlignedVector<Real> theta(layout.flat_size());
  const auto* values = reinterpret_cast<const Real*>(state.parameters.data());
  layout.template FromLogical<Real>({values, static_cast<size_t>(layout.parameter_count())}, theta);
  return theta;
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_PARAMETERS_OF_H_
