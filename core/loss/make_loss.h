// The family of surrogate losses.

#ifndef TRAINYARD_CORE_LOSS_MAKE_LOSS_H_
#define TRAINYARD_CORE_LOSS_MAKE_LOSS_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "core/loss/absolute.h"
#include "core/loss/exponential.h"
#include "core/loss/hinge.h"
#include "core/loss/huber.h"
#include "core/loss/logistic.h"
#include "core/loss/loss.h"
#include "core/loss/multiclass_hinge.h"
#include "core/loss/perceptron.h"
#include "core/loss/poisson.h"
#include "core/loss/quantile.h"
#include "core/loss/smoothed_hinge.h"
#include "core/loss/softmax_cross_entropy.h"
#include "core/loss/squared.h"
#include "core/loss/squared_hinge.h"
#include "core/loss/squared_margin.h"
#include "core/loss/zero_one.h"

namespace trainyard {

using LossOptions = std::variant<SoftmaxCrossEntropyOptions, LogisticOptions, SquaredOptions, HingeOptions,
                                 SquaredHingeOptions, SmoothedHingeOptions, ExponentialOptions, PerceptronOptions,
                                 SquaredMarginOptions, MulticlassHingeOptions, AbsoluteOptions, HuberOptions,
                                 PoissonOptions, QuantileOptions, ZeroOneOptions>;

// INVALID_ARGUMENT: a setting out of range; a FieldError relative to the loss.
absl::Status Validate(const LossOptions& options);

// `options` have passed Validate.
// INVALID_ARGUMENT: the loss does not fit the target, names a class that the target does not have, or is none to train on.
template <typename Real>
absl::StatusOr<std::unique_ptr<const Loss<Real>>> MakeLoss(const LossOptions& options, const TargetShape& target);

// The class with y = +1: the one named, else the second. nullopt for a loss that has none, and where there is no such class.
std::optional<std::string> PositiveClass(const LossOptions& options, const TargetShape& target);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_MAKE_LOSS_H_
