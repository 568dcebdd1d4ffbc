#include "core/optim/make_schedule.h"

#include "core/base/status.h"

namespace trainyard {
namespace {

using ScheduleOrError = absl::StatusOr<std::unique_ptr<const Schedule>>;

absl::Status Check(const ConstantOptions&) { return absl::OkStatus(); }
absl::Status Check(const LinearOptions& options) { return InField("linear", Validate(options)); }

ScheduleOrError Make(const ConstantOptions&, double learning_rate, const RunLength&) {
  return std::make_unique<ConstantSchedule>(learning_rate);
}

ScheduleOrError Make(const LinearOptions& options, double learning_rate, const RunLength& length) {
  const absl::StatusOr<int64_t> tau = TauInSteps(options, length);
  if (!tau.ok()) return InField("linear", tau.status());
  return std::make_unique<LinearSchedule>(learning_rate, options.final_learning_rate.value_or(learning_rate / 100),
                                          *tau);
}

}  // namespace

absl::Status Validate(const ScheduleOptions& options) {
  return std::visit([](const auto& alternative) { return Check(alternative); }, options);
}

absl::StatusOr<std::unique_ptr<const Schedule>> MakeSchedule(const ScheduleOptions& options, double learning_rate,
                                                             const RunLength& length) {
  return std::visit([&](const auto& alternative) { return Make(alternative, learning_rate, length); }, options);
}

}  // namespace trainyard
