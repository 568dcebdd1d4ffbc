// The family of learning rate schedules: eps_k as a function of k.

#ifndef TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_

#include <memory>
#include <variant>

#include "absl/status/statusor.h"
#include "core/optim/constant_schedule.h"
#include "core/optim/linear_schedule.h"
#include "core/optim/schedule.h"

namespace trainyard {

using ScheduleOptions = std::variant<ConstantOptions, LinearOptions>;

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const ScheduleOptions& options);

// INVALID_ARGUMENT: the schedule needs a budget in steps, epochs or examples, and there is none.
absl::StatusOr<std::unique_ptr<const Schedule>> MakeSchedule(const ScheduleOptions& options, double learning_rate,
                                                             const RunLength& length);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MAKE_SCHEDULE_H_
