#include "core/optim/momentum_schedule.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr size_t kMaxValues = 100;

absl::Status CheckMomentum(std::string_view field, double momentum) {
  if (!(momentum >= 0 && momentum < 1)) return FieldError(field, momentum, "in [0, 1)");
  return absl::OkStatus();
}

absl::Status CheckRise(std::string_view field, double value, std::string_view next_name, double next) {
  if (value <= next) return absl::OkStatus();
  return FieldError(field, value,
                    absl::StrCat("at most ", std::string(next_name), " = ", next,
                                 ", or the schedule have may_fall, since the momentum would fall"));
}

std::string ValueName(size_t i) { return absl::StrCat("values[", i, "]"); }

absl::Status Check(const MomentumRamp& ramp, double alpha, bool may_fall) {
  RETURN_IF_ERROR(CheckMomentum("initial", ramp.initial));
  RETURN_IF_ERROR(Validate(ramp.length, "length."));
  return may_fall ? absl::OkStatus() : CheckRise("initial", ramp.initial, "momentum", alpha);
}

absl::Status Check(const MomentumSteps& steps, double alpha, bool may_fall) {
  const size_t count = steps.values.size();
  if (count < 1 || count > kMaxValues) {
    return FieldError("values", absl::StrCat(count, " numbers"), absl::StrCat("1 to ", kMaxValues, " numbers"));
  }
  for (size_t i = 0; i < count; ++i) RETURN_IF_ERROR(CheckMomentum(ValueName(i), steps.values[i]));
  RETURN_IF_ERROR(Validate(steps.length, "length."));
  for (size_t i = 0; i < count && !may_fall; ++i) {
    const bool last = i + 1 == count;
    RETURN_IF_ERROR(CheckRise(ValueName(i), steps.values[i], last ? "momentum" : ValueName(i + 1),
                              last ? alpha : steps.values[i + 1]));
  }
  return absl::OkStatus();
}

std::string_view NameOf(const MomentumRamp&) { return "ramp"; }
std::string_view NameOf(const MomentumSteps&) { return "steps"; }

std::unique_ptr<const MomentumSchedule> Make(const MomentumRamp& ramp, double alpha, int64_t steps_per_epoch) {
  return std::make_unique<RampedMomentum>(ramp.initial, alpha, InSteps(ramp.length, steps_per_epoch));
}

std::unique_ptr<const MomentumSchedule> Make(const MomentumSteps& steps, double alpha, int64_t steps_per_epoch) {
  std::vector<double> values = steps.values;
  values.push_back(alpha);
  return std::make_unique<SteppedMomentum>(std::move(values), InSteps(steps.length, steps_per_epoch));
}

}  // namespace

absl::Status ValidateMomentum(double alpha, const std::optional<MomentumScheduleOptions>& schedule) {
  RETURN_IF_ERROR(CheckMomentum("momentum", alpha));
  if (!schedule.has_value()) return absl::OkStatus();
  return std::visit(
      [&](const auto& kind) {
        return InField("schedule", InField(NameOf(kind), Check(kind, alpha, schedule->may_fall)));
      },
      schedule->kind);
}

double RampedMomentum::At(int64_t step) const {
  const double a = std::min(static_cast<double>(step) / static_cast<double>(length_), 1.0);
  return (1 - a) * initial_ + a * final_;
}

double SteppedMomentum::At(int64_t step) const {
  return values_[std::min(static_cast<size_t>(step / length_), values_.size() - 1)];
}

std::unique_ptr<const MomentumSchedule> MakeMomentumSchedule(double alpha,
                                                             const std::optional<MomentumScheduleOptions>& schedule,
                                                             const RunLength& length) {
  if (!schedule.has_value()) return std::make_unique<SteppedMomentum>(std::vector{alpha}, 1);
  return std::visit([&](const auto& kind) { return Make(kind, alpha, length.steps_per_epoch); }, schedule->kind);
}

}  // namespace trainyard
