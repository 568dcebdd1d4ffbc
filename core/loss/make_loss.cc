#include "core/loss/make_loss.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

template <typename Real>
using LossOrError = absl::StatusOr<std::unique_ptr<const Loss<Real>>>;

absl::Status Misfit(std::string_view loss, std::string_view rule) { return FieldError("loss", loss, rule); }

template <typename Real>
LossOrError<Real> Make(const SoftmaxCrossEntropyOptions&, const TargetShape& target) {
  if (target.classes.size() < 2) return Misfit("softmax_cross_entropy", "a loss for numbers: the target is numeric");
  return std::make_unique<SoftmaxCrossEntropy<Real>>(static_cast<int64_t>(target.classes.size()));
}

template <typename Real>
LossOrError<Real> Make(const LogisticOptions& options, const TargetShape& target) {
  if (target.classes.empty()) return Misfit("logistic", "a loss for numbers: the target is numeric");
  if (target.classes.size() != 2) {
    return Misfit("logistic", absl::StrCat("a loss for the target's ", target.classes.size(),
                                           " classes, as softmax_cross_entropy is"));
  }
  if (!options.positive_class.has_value()) return std::make_unique<Logistic<Real>>(1);
  const auto found = std::find(target.classes.begin(), target.classes.end(), *options.positive_class);
  if (found == target.classes.end()) {
    return FieldError("loss.logistic.positive_class", *options.positive_class,
                      absl::StrCat("one of ", absl::StrJoin(target.classes, ", ")));
  }
  return std::make_unique<Logistic<Real>>(static_cast<int32_t>(found - target.classes.begin()));
}

template <typename Real>
LossOrError<Real> Make(const SquaredOptions&, const TargetShape& target) {
  if (!target.classes.empty()) return Misfit("squared", "a loss for classes: the target is categorical");
  return std::make_unique<Squared<Real>>();
}

}  // namespace

template <typename Real>
absl::StatusOr<std::unique_ptr<const Loss<Real>>> MakeLoss(const LossOptions& options, const TargetShape& target) {
  return std::visit([&target](const auto& alternative) { return Make<Real>(alternative, target); }, options);
}

template absl::StatusOr<std::unique_ptr<const Loss<float>>> MakeLoss(const LossOptions&, const TargetShape&);
template absl::StatusOr<std::unique_ptr<const Loss<double>>> MakeLoss(const LossOptions&, const TargetShape&);

}  // namespace trainyard
