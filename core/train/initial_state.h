// Parameters and velocity that a user gives in place of drawn ones.

#ifndef TRAINYARD_CORE_TRAIN_INITIAL_STATE_H_
#define TRAINYARD_CORE_TRAIN_INITIAL_STATE_H_

#include <span>

#include "absl/status/status.h"
#include "core/model/network.h"
#include "core/train/options.h"

namespace trainyard {

// INVALID_ARGUMENT: a FieldError on a tensor that the layout does not have, that comes twice, or has another shape.
absl::Status Validate(const InitialStateOptions& options, const ParameterLayout& layout);

// Writes valid `tensors` over their places in `flat`; the other places stay.
template <typename Real>
void Place(const std::vector<NamedTensor>& tensors, const ParameterLayout& layout, std::span<Real> flat);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_INITIAL_STATE_H_
