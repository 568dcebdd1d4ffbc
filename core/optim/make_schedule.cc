#include "core/optim/make_schedule.h"

#include <algorithm>
#include <limits>

#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status Check(const ConstantOptions&) { return absl::OkStatus(); }
absl::Status Check(const LinearOptions& options) { return InField("linear", Validate(options)); }
absl::Status Check(const StepOptions& options) { return InField("step", Validate(options)); }
absl::Status Check(const ExponentialDecayOptions& options) { return InField("exponential", Validate(options)); }
absl::Status Check(const InverseOptions& options) { return InField("inverse", Validate(options)); }
absl::Status Check(const CosineOptions& options) { return InField("cosine", Validate(options)); }
absl::Status Check(const ReduceOnPlateauOptions& options) { return InField("reduce_on_plateau", Validate(options)); }

// The length of a decay; by default the whole budget but for the warm-up.
std::optional<int64_t> DecayInSteps(const std::optional<Length>& given, int64_t warm_up, const RunLength& length) {
  if (given.has_value()) return InSteps(*given, length.steps_per_epoch);
  if (!length.total_steps.has_value()) return std::nullopt;
  return std::max<int64_t>(1, *length.total_steps - warm_up);
}

absl::Status LengthMissing(std::string_view field) {
  return FieldError(field, "unset", "given where the budget is a running time alone");
}

// Makes what follows the warm-up.
struct Maker {
  using ScheduleOrError = absl::StatusOr<std::unique_ptr<Schedule>>;

  ScheduleOrError operator()(const ConstantOptions&) const { return std::make_unique<ConstantSchedule>(learning_rate); }
  ScheduleOrError operator()(const LinearOptions& options) const {
    const std::optional<int64_t> tau = DecayInSteps(options.tau, warm_up, length);
    if (!tau.has_value()) return LengthMissing("linear.tau_steps");
    const double final = options.final_learning_rate.value_or(learning_rate / 100);
    return std::make_unique<LinearSchedule>(learning_rate, final, *tau);
  }
  ScheduleOrError operator()(const StepOptions& options) const {
    return std::make_unique<StepSchedule>(learning_rate, options.factor, Count(options.length));
  }
  ScheduleOrError operator()(const ExponentialDecayOptions& options) const {
    return std::make_unique<ExponentialSchedule>(learning_rate, options.factor, Count(options.length));
  }
  ScheduleOrError operator()(const InverseOptions& options) const {
    return std::make_unique<InverseSchedule>(learning_rate, options.power, Count(options.length));
  }
  ScheduleOrError operator()(const CosineOptions& options) const {
    const std::optional<int64_t> count = DecayInSteps(options.length, warm_up, length);
    if (!count.has_value()) return LengthMissing("cosine.length");
    return std::make_unique<CosineSchedule>(learning_rate, options.final_learning_rate, *count);
  }
  ScheduleOrError operator()(const ReduceOnPlateauOptions& options) const {
    return std::make_unique<PlateauSchedule>(learning_rate, options);
  }

  int64_t Count(const Length& given) const { return InSteps(given, length.steps_per_epoch); }

  const double learning_rate;
  const int64_t warm_up;  // in steps
  const RunLength& length;
};

int64_t WarmUpInSteps(const ScheduleOptions& options, const RunLength& length) {
  return options.warm_up.has_value() ? InSteps(options.warm_up->length, length.steps_per_epoch) : 0;
}

}  // namespace

absl::Status Validate(const ScheduleOptions& options) {
  RETURN_IF_ERROR(std::visit([](const auto& kind) { return Check(kind); }, options.kind));
  return options.warm_up.has_value() ? InField("warm_up", Validate(*options.warm_up)) : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Schedule>> MakeSchedule(const ScheduleOptions& options, double learning_rate,
                                                       const RunLength& length) {
  const int64_t warm_up = WarmUpInSteps(options, length);
  ASSIGN_OR_RETURN(auto schedule, std::visit(Maker{learning_rate, warm_up, length}, options.kind));
  if (!options.warm_up.has_value()) return schedule;
  return std::make_unique<WarmUpSchedule>(learning_rate, options.warm_up->initial, warm_up, std::move(schedule));
}

std::optional<int64_t> EndOfDecay(const ScheduleOptions& options, const RunLength& length) {
  const std::optional<Length>* decay = nullptr;
  if (const auto* linear = std::get_if<LinearOptions>(&options.kind)) decay = &linear->tau;
  if (const auto* cosine = std::get_if<CosineOptions>(&options.kind)) decay = &cosine->length;
  if (decay == nullptr) return std::nullopt;
  const int64_t warm_up = WarmUpInSteps(options, length);
  const std::optional<int64_t> steps = DecayInSteps(*decay, warm_up, length);
  if (!steps.has_value()) return std::nullopt;
  return warm_up + std::min(*steps, std::numeric_limits<int64_t>::max() - warm_up);
}

}  // namespace trainyard
