#include "server/wire/schedule.h"

#include <variant>

#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const WholeBudget&, v1::Linear*) {}
void Write(const TauSteps& tau, v1::Linear* message) { message->set_tau_steps(tau.count); }
void Write(const TauEpochs& tau, v1::Linear* message) { message->set_tau_epochs(tau.count); }

void Write(const ConstantOptions&, v1::Schedule* message) { message->mutable_constant(); }

void Write(const LinearOptions& options, v1::Schedule* message) {
  v1::Linear* linear = message->mutable_linear();
  if (options.final_learning_rate) linear->set_final_learning_rate(*options.final_learning_rate);
  std::visit([&](const auto& tau) { Write(tau, linear); }, options.tau);
}

std::variant<WholeBudget, TauSteps, TauEpochs> TauFromProto(const v1::Linear& message) {
  switch (message.tau_case()) {
    case v1::Linear::kTauSteps:
      return TauSteps{message.tau_steps()};
    case v1::Linear::kTauEpochs:
      return TauEpochs{message.tau_epochs()};
    case v1::Linear::TAU_NOT_SET:
      break;
  }
  return WholeBudget();
}

LinearOptions FromProto(const v1::Linear& message) {
  LinearOptions options;
  if (message.has_final_learning_rate()) options.final_learning_rate = message.final_learning_rate();
  options.tau = TauFromProto(message);
  return options;
}

}  // namespace

v1::Schedule ToProto(const ScheduleOptions& options) {
  v1::Schedule message;
  std::visit([&](const auto& schedule) { Write(schedule, &message); }, options);
  return message;
}

absl::StatusOr<ScheduleOptions> FromProto(const v1::Schedule& message) {
  switch (message.kind_case()) {
    case v1::Schedule::kConstant:
      return ConstantOptions();
    case v1::Schedule::kLinear:
      return FromProto(message.linear());
    default:  // next:
    case v1::Schedule::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace trainyard
