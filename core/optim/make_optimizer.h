// The family of optimisers.

#ifndef TRAINYARD_CORE_OPTIM_MAKE_OPTIMIZER_H_
#define TRAINYARD_CORE_OPTIM_MAKE_OPTIMIZER_H_

#include <memory>
#include <span>
#include <variant>

#include "core/optim/clipping.h"
#include "core/optim/make_schedule.h"
#include "core/optim/momentum.h"
#include "core/optim/nesterov.h"
#include "core/optim/optimizer.h"
#include "core/optim/sgd.h"

namespace trainyard {

using UpdateRuleOptions = std::variant<NesterovOptions, MomentumOptions, SgdOptions>;

struct OptimizerOptions {
  double learning_rate = 0.01;  // eps_0, positive and finite
  ScheduleOptions schedule;
  ClippingOptions clipping;
  UpdateRuleOptions rule;

  friend bool operator==(const OptimizerOptions&, const OptimizerOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const OptimizerOptions& options);

// alpha_k; 0 for a rule without momentum.
std::unique_ptr<const MomentumSchedule> MakeMomentumSchedule(const UpdateRuleOptions& rule, const RunLength& length);

// Whether the rule keeps a velocity that a user may give.
bool HasVelocity(const UpdateRuleOptions& rule);

// A fresh run's state; velocity 0.
template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeOptimizer(const UpdateRuleOptions& rule, int64_t dimension);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MAKE_OPTIMIZER_H_
