#include "core/loss/make_loss.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/loss/margin_loss.h"
#include "core/loss/number_loss.h"

namespace trainyard {
namespace {

template <typename Options>
concept HasPositiveClass = requires(Options options) {
  options.positive_class;
};

template <typename Real>
using LossOrError = absl::StatusOr<std::unique_ptr<const Loss<Real>>>;

absl::Status Misfit(std::string_view loss, std::string_view rule) { return FieldError("loss", loss, rule); }

// ---- Settings

template <typename Options>
absl::Status ValidateSettings(const Options&) {
  return absl::OkStatus();
}
absl::Status ValidateSettings(const HuberOptions& options) { return Validate(options); }
absl::Status ValidateSettings(const QuantileOptions& options) { return Validate(options); }

// ---- By what they share

template <typename Real, template <typename> typename ClassLoss>
LossOrError<Real> MakeClassLoss(std::string_view name, const TargetShape& target) {
  if (target.classes.size() < 2) return Misfit(name, "a loss for numbers: the target is numeric");
  return std::make_unique<ClassLoss<Real>>(static_cast<int64_t>(target.classes.size()));
}

template <typename Real, typename Phi>
LossOrError<Real> MakeMarginLoss(std::string_view name, const std::optional<std::string>& positive_class,
                                 const TargetShape& target) {
  if (target.classes.empty()) return Misfit(name, "a loss for numbers: the target is numeric");
  if (target.classes.size() != 2) {
    return Misfit(
        name, absl::StrCat("a loss for the target's ", target.classes.size(), " classes, as softmax_cross_entropy is"));
  }
  if (!positive_class.has_value()) return std::make_unique<MarginLoss<Real, Phi>>(1);
  const auto found = std::find(target.classes.begin(), target.classes.end(), *positive_class);
  if (found == target.classes.end()) {
    return FieldError(absl::StrCat("loss.", AbslView(name), ".positive_class"), *positive_class,
                      absl::StrCat("one of ", absl::StrJoin(target.classes, ", ")));
  }
  return std::make_unique<MarginLoss<Real, Phi>>(static_cast<int32_t>(found - target.classes.begin()));
}

template <typename Real, typename Rho>
LossOrError<Real> MakeNumberLoss(std::string_view name, const Rho& rho, const TargetShape& target) {
  if (!target.classes.empty()) return Misfit(name, "a loss for classes: the target is categorical");
  return std::make_unique<NumberLoss<Real, Rho>>(rho);
}

// ---- One by one

template <typename Real>
LossOrError<Real> Make(const SoftmaxCrossEntropyOptions&, const TargetShape& target) {
  return MakeClassLoss<Real, SoftmaxCrossEntropy>("softmax_cross_entropy", target);
}

template <typename Real>
LossOrError<Real> Make(const MulticlassHingeOptions&, const TargetShape& target) {
  return MakeClassLoss<Real, MulticlassHinge>("multiclass_hinge", target);
}

template <typename Real>
LossOrError<Real> Make(const LogisticOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, LogisticPhi>("logistic", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const HingeOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, HingePhi>("hinge", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const SquaredHingeOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, SquaredHingePhi>("squared_hinge", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const SmoothedHingeOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, SmoothedHingePhi>("smoothed_hinge", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const ExponentialOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, ExponentialPhi>("exponential", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const PerceptronOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, PerceptronPhi>("perceptron", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const SquaredMarginOptions& options, const TargetShape& target) {
  return MakeMarginLoss<Real, SquaredMarginPhi>("squared_margin", options.positive_class, target);
}

template <typename Real>
LossOrError<Real> Make(const SquaredOptions&, const TargetShape& target) {
  return MakeNumberLoss<Real>("squared", SquaredRho(), target);
}

template <typename Real>
LossOrError<Real> Make(const AbsoluteOptions&, const TargetShape& target) {
  return MakeNumberLoss<Real>("absolute", AbsoluteRho(), target);
}

template <typename Real>
LossOrError<Real> Make(const HuberOptions& options, const TargetShape& target) {
  return MakeNumberLoss<Real>("huber", HuberRho{options.delta}, target);
}

template <typename Real>
LossOrError<Real> Make(const PoissonOptions&, const TargetShape& target) {
  return MakeNumberLoss<Real>("poisson", PoissonRho(), target);
}

template <typename Real>
LossOrError<Real> Make(const QuantileOptions& options, const TargetShape& target) {
  return MakeNumberLoss<Real>("quantile", QuantileRho{options.quantile}, target);
}

template <typename Real>
LossOrError<Real> Make(const ZeroOneOptions&, const TargetShape&) {
  return FieldError("loss.zero_one", "set",
                    "a surrogate, such as logistic or hinge for two classes, softmax_cross_entropy or multiclass_hinge "
                    "for more: the derivative of the zero-one loss is 0 wherever it has one; evaluations measure it as "
                    "zero_one_error");
}

}  // namespace

absl::Status Validate(const LossOptions& options) {
  return std::visit([](const auto& alternative) { return ValidateSettings(alternative); }, options);
}

template <typename Real>
absl::StatusOr<std::unique_ptr<const Loss<Real>>> MakeLoss(const LossOptions& options, const TargetShape& target) {
  return std::visit([&target](const auto& alternative) { return Make<Real>(alternative, target); }, options);
}

template absl::StatusOr<std::unique_ptr<const Loss<float>>> MakeLoss(const LossOptions&, const TargetShape&);
template absl::StatusOr<std::unique_ptr<const Loss<double>>> MakeLoss(const LossOptions&, const TargetShape&);

std::optional<std::string> PositiveClass(const LossOptions& options, const TargetShape& target) {
  return std::visit(
      [&target]<typename Options>(const Options& alternative) -> std::optional<std::string> {
        if constexpr (HasPositiveClass<Options>) {
          if (alternative.positive_class.has_value()) return alternative.positive_class;
          if (target.classes.size() == 2) return target.classes[1];
        }
        return std::nullopt;
      },
      options);
}

}  // namespace trainyard
