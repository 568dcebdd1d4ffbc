#include "core/optim/make_optimizer.h"

#include <cmath>

#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status Check(const SgdOptions&) { return absl::OkStatus(); }
absl::Status Check(const MomentumOptions& options) { return InField("momentum", Validate(options)); }
absl::Status Check(const NesterovOptions& options) { return InField("nesterov", Validate(options)); }

std::unique_ptr<const MomentumSchedule> MakeMomentum(const SgdOptions&, const RunLength& length) {
  return MakeMomentumSchedule(0, std::nullopt, length);
}
std::unique_ptr<const MomentumSchedule> MakeMomentum(const MomentumOptions& options, const RunLength& length) {
  return MakeMomentumSchedule(options.momentum, options.schedule, length);
}
std::unique_ptr<const MomentumSchedule> MakeMomentum(const NesterovOptions& options, const RunLength& length) {
  return MakeMomentumSchedule(options.momentum, options.schedule, length);
}

template <typename Real>
std::unique_ptr<Optimizer<Real>> Make(const SgdOptions&, int64_t) {
  return std::make_unique<Sgd<Real>>();
}
template <typename Real>
std::unique_ptr<Optimizer<Real>> Make(const MomentumOptions&, int64_t dimension) {
  return std::make_unique<Momentum<Real>>(dimension);
}
template <typename Real>
std::unique_ptr<Optimizer<Real>> Make(const NesterovOptions&, int64_t dimension) {
  return std::make_unique<Nesterov<Real>>(dimension);
}

}  // namespace

absl::Status Validate(const OptimizerOptions& options) {
  if (!(options.learning_rate > 0 && std::isfinite(options.learning_rate))) {
    return FieldError("learning_rate", options.learning_rate, "positive and finite");
  }
  RETURN_IF_ERROR(InField("schedule", Validate(options.schedule)));
  RETURN_IF_ERROR(InField("clipping", Validate(options.clipping)));
  return std::visit([](const auto& alternative) { return Check(alternative); }, options.rule);
}

std::unique_ptr<const MomentumSchedule> MakeMomentumSchedule(const UpdateRuleOptions& rule, const RunLength& length) {
  return std::visit([&](const auto& alternative) { return MakeMomentum(alternative, length); }, rule);
}

bool HasVelocity(const UpdateRuleOptions& rule) { return !std::holds_alternative<SgdOptions>(rule); }

template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeOptimizer(const UpdateRuleOptions& rule, int64_t dimension) {
  return std::visit([dimension](const auto& alternative) { return Make<Real>(alternative, dimension); }, rule);
}

template std::unique_ptr<Optimizer<float>> MakeOptimizer(const UpdateRuleOptions&, int64_t);
template std::unique_ptr<Optimizer<double>> MakeOptimizer(const UpdateRuleOptions&, int64_t);

}  // namespace trainyard
