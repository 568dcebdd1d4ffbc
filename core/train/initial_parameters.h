// The parameters that a run starts from.

#ifndef TRAINYARD_CORE_TRAIN_INITIAL_PARAMETERS_H_
#define TRAINYARD_CORE_TRAIN_INITIAL_PARAMETERS_H_

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "core/data/encoding.h"
#include "core/loss/loss.h"
#include "core/train/options.h"
#include "core/train/trainer.h"

namespace trainyard {

// INVALID_ARGUMENT: a FieldError on `initialization.marginal_output_biases` where these are asked for and the loss has none.
template <typename Real>
absl::Status CheckOutputBiases(const TrainingOptions& options, const Loss<Real>& loss);

// Fills `theta`, which is laid out as `plan` says: each tensor is drawn from its own stream, by logical index; then the given parameters
// are put over it. `training` is bound to the training data set; it is read where output biases depend on it.
// The errors of CheckOutputBiases.
template <typename Real>
absl::Status FillInitialParameters(const RunPlan& plan, const RowEncoder& training, const Loss<Real>& loss,
                                   std::span<Real> theta);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_INITIAL_PARAMETERS_H_
