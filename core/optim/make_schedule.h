// The family of learning rate schedules: eps_k as a function of k.

#ifndef TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_

#include <memory>
#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "core/optim/constant_schedule.h"
#include "core/optim/cosine_schedule.h"
#include "core/optim/exponential_schedule.h"
#include "core/optim/inverse_schedule.h"
#include "core/optim/linear_schedule.h"
#include "core/optim/plateau_schedule.h"
#include "core/optim/schedule.h"
#include "core/optim/step_schedule.h"
#include "core/optim/warm_up_schedule.h"

namespace trainyard {

using ScheduleKind = std::variant<ConstantOptions, LinearOptions, StepOptions, ExponentialDecayOptions, InverseOptions,
                                  CosineOptions, ReduceOnPlateauOptions>;

struct ScheduleOptions {
  ScheduleKind kind;
  std::optional<WarmUpOptions> warm_up;  // before it

  friend bool operator==(const ScheduleOptions&, const ScheduleOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const ScheduleOptions& options);

// INVALID_ARGUMENT: the schedule needs a budget in steps, epochs or examples, and there is none.
absl::StatusOr<std::unique_ptr<Schedule>> MakeSchedule(const ScheduleOptions& options, double learning_rate,
                                                       const RunLength& length);

// The step at which a linear or cosine decay reaches its final rate, the warm-up counted; nullopt for schedules without such an end, and
// where that would be the end of the run, which is not known.
std::optional<int64_t> EndOfDecay(const ScheduleOptions& options, const RunLength& length);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_
