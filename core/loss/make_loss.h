// The family of surrogate losses.

#ifndef TRAINYARD_CORE_LOSS_MAKE_LOSS_H_
#define TRAINYARD_CORE_LOSS_MAKE_LOSS_H_

#include <memory>
#include <variant>

#include "core/loss/logistic.h"
#include "core/loss/loss.h"
#include "core/loss/softmax_cross_entropy.h"
#include "core/loss/squared.h"

namespace trainyard {

using LossOptions = std::variant<SoftmaxCrossEntropyOptions, LogisticOptions, SquaredOptions>;

// INVALID_ARGUMENT: the loss does not fit the target, or names a class that the target does not have.
template <typename Real>
absl::StatusOr<std::unique_ptr<const Loss<Real>>> MakeLoss(const LossOptions& options, const TargetShape& target);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_MAKE_LOSS_H_
