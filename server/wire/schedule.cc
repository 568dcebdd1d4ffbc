#include "server/wire/schedule.h"

#include <optional>
#include <variant>

#include "server/wire/length.h"
#include "server/wire/run_events.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const ConstantOptions&, v1::Schedule* message) { message->mutable_constant(); }

void Write(const LinearOptions& options, v1::Schedule* message) {
  v1::Linear* linear = message->mutable_linear();
  if (options.final_learning_rate) linear->set_final_learning_rate(*options.final_learning_rate);
  if (!options.tau) return;
  if (const auto* steps = std::get_if<Steps>(&*options.tau)) {
    linear->set_tau_steps(steps->count);
  } else {
    linear->set_tau_epochs(std::get<Epochs>(*options.tau).count);
  }
}

void Write(const StepOptions& options, v1::Schedule* message) {
  v1::Step* step = message->mutable_step();
  step->set_factor(options.factor);
  *step->mutable_length() = ToProto(options.length);
}

void Write(const ExponentialDecayOptions& options, v1::Schedule* message) {
  v1::ExponentialDecay* exponential = message->mutable_exponential();
  exponential->set_factor(options.factor);
  *exponential->mutable_length() = ToProto(options.length);
}

void Write(const InverseOptions& options, v1::Schedule* message) {
  v1::Inverse* inverse = message->mutable_inverse();
  inverse->set_power(options.power);
  *inverse->mutable_length() = ToProto(options.length);
}

void Write(const CosineOptions& options, v1::Schedule* message) {
  v1::Cosine* cosine = message->mutable_cosine();
  cosine->set_final_learning_rate(options.final_learning_rate);
  if (options.length) *cosine->mutable_length() = ToProto(*options.length);
}

void Write(const ReduceOnPlateauOptions& options, v1::Schedule* message) {
  v1::ReduceOnPlateau* plateau = message->mutable_reduce_on_plateau();
  plateau->set_factor(options.factor);
  plateau->set_patience(options.patience);
  plateau->set_min_change(options.min_change);
  plateau->set_metric(ToProto(options.metric));
  plateau->set_min_learning_rate(options.min_learning_rate);
}

v1::WarmUp ToProto(const WarmUpOptions& options) {
  v1::WarmUp message;
  message.set_initial(options.initial);
  *message.mutable_length() = ToProto(options.length);
  return message;
}

std::optional<Length> TauFromProto(const v1::Linear& message) {
  switch (message.tau_case()) {
    case v1::Linear::kTauSteps:
      return Steps{message.tau_steps()};
    case v1::Linear::kTauEpochs:
      return Epochs{message.tau_epochs()};
    case v1::Linear::TAU_NOT_SET:
      break;
  }
  return std::nullopt;
}

LinearOptions FromProto(const v1::Linear& message) {
  LinearOptions options;
  if (message.has_final_learning_rate()) options.final_learning_rate = message.final_learning_rate();
  options.tau = TauFromProto(message);
  return options;
}

absl::StatusOr<StepOptions> FromProto(const v1::Step& message) {
  StepOptions options;
  if (message.has_factor()) options.factor = message.factor();
  RETURN_IF_ERROR(ReadRequiredLength(message, options.length));
  return options;
}

absl::StatusOr<ExponentialDecayOptions> FromProto(const v1::ExponentialDecay& message) {
  ExponentialDecayOptions options;
  if (message.has_factor()) options.factor = message.factor();
  RETURN_IF_ERROR(ReadLength(message, options.length));
  return options;
}

absl::StatusOr<InverseOptions> FromProto(const v1::Inverse& message) {
  InverseOptions options;
  if (message.has_power()) options.power = message.power();
  RETURN_IF_ERROR(ReadLength(message, options.length));
  return options;
}

absl::StatusOr<CosineOptions> FromProto(const v1::Cosine& message) {
  CosineOptions options;
  if (message.has_final_learning_rate()) options.final_learning_rate = message.final_learning_rate();
  RETURN_IF_ERROR(ReadLength(message, options.length));
  return options;
}

absl::StatusOr<ReduceOnPlateauOptions> FromProto(const v1::ReduceOnPlateau& message) {
  ReduceOnPlateauOptions options;
  if (message.has_factor()) options.factor = message.factor();
  if (message.has_patience()) options.patience = message.patience();
  if (message.has_min_change()) options.min_change = message.min_change();
  RETURN_IF_ERROR(ReadEnum(message.metric(), "metric", options.metric));
  if (message.has_min_learning_rate()) options.min_learning_rate = message.min_learning_rate();
  return options;
}

absl::StatusOr<WarmUpOptions> FromProto(const v1::WarmUp& message) {
  WarmUpOptions options;
  if (message.has_initial()) options.initial = message.initial();
  RETURN_IF_ERROR(ReadRequiredLength(message, options.length));
  return options;
}

absl::StatusOr<ScheduleKind> KindFromProto(const v1::Schedule& message) {
  switch (message.kind_case()) {
    case v1::Schedule::kConstant:
      return ConstantOptions();
    case v1::Schedule::kLinear:
      return FromProto(message.linear());
    case v1::Schedule::kStep:
      return InField("step", FromProto(message.step()));
    case v1::Schedule::kExponential:
      return InField("exponential", FromProto(message.exponential()));
    case v1::Schedule::kInverse:
      return InField("inverse", FromProto(message.inverse()));
    case v1::Schedule::kCosine:
      return InField("cosine", FromProto(message.cosine()));
    case v1::Schedule::kReduceOnPlateau:
      return InField("reduce_on_plateau", FromProto(message.reduce_on_plateau()));
    case v1::Schedule::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace

v1::Schedule ToProto(const ScheduleOptions& options) {
  v1::Schedule message;
  std::visit([&](const auto& kind) { Write(kind, &message); }, options.kind);
  if (options.warm_up) *message.mutable_warm_up() = ToProto(*options.warm_up);
  return message;
}

absl::StatusOr<ScheduleOptions> FromProto(const v1::Schedule& message) {
  ScheduleOptions options;
  ASSIGN_OR_RETURN(options.kind, KindFromProto(message));
  if (message.has_warm_up()) {
    ASSIGN_OR_RETURN(options.warm_up, InField("warm_up", FromProto(message.warm_up())));
  }
  return options;
}

}  // namespace trainyard
