#include "server/wire/momentum_schedule.h"

#include <variant>

#include "server/wire/length.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const MomentumRamp& ramp, v1::MomentumSchedule* message) {
  message->mutable_ramp()->set_initial(ramp.initial);
  *message->mutable_ramp()->mutable_length() = ToProto(ramp.length);
}

void Write(const MomentumSteps& steps, v1::MomentumSchedule* message) {
  message->mutable_steps()->mutable_values()->Add(steps.values.begin(), steps.values.end());
  *message->mutable_steps()->mutable_length() = ToProto(steps.length);
}

absl::StatusOr<MomentumRamp> FromProto(const v1::MomentumRamp& message) {
  MomentumRamp ramp;
  if (message.has_initial()) ramp.initial = message.initial();
  RETURN_IF_ERROR(ReadRequiredLength(message, ramp.length));
  return ramp;
}

absl::StatusOr<MomentumSteps> FromProto(const v1::MomentumSteps& message) {
  MomentumSteps steps{.values = {message.values().begin(), message.values().end()}, .length = {}};
  RETURN_IF_ERROR(ReadRequiredLength(message, steps.length));
  return steps;
}

absl::StatusOr<std::variant<MomentumRamp, MomentumSteps>> KindFromProto(const v1::MomentumSchedule& message) {
  switch (message.kind_case()) {
    case v1::MomentumSchedule::kRamp:
      return InField("ramp", FromProto(message.ramp()));
    case v1::MomentumSchedule::kSteps:
      return InField("steps", FromProto(message.steps()));
    case v1::MomentumSchedule::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace

v1::MomentumSchedule ToProto(const MomentumScheduleOptions& options) {
  v1::MomentumSchedule message;
  std::visit([&](const auto& kind) { Write(kind, &message); }, options.kind);
  message.set_may_fall(options.may_fall);
  return message;
}

absl::StatusOr<MomentumScheduleOptions> FromProto(const v1::MomentumSchedule& message) {
  MomentumScheduleOptions options;
  ASSIGN_OR_RETURN(options.kind, KindFromProto(message));
  options.may_fall = message.may_fall();
  return options;
}

}  // namespace trainyard
