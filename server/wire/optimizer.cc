#include "server/wire/optimizer.h"

#include <variant>

#include "core/base/status.h"
#include "server/wire/momentum_schedule.h"
#include "server/wire/schedule.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const SgdOptions&, v1::Optimizer* message) { message->mutable_sgd(); }

// Momentum and Nesterov have the same fields.
template <typename Options, typename Message>
void WriteMomentum(const Options& options, Message* message) {
  message->set_momentum(options.momentum);
  if (options.schedule) *message->mutable_schedule() = ToProto(*options.schedule);
}

void Write(const MomentumOptions& options, v1::Optimizer* message) {
  WriteMomentum(options, message->mutable_momentum());
}

void Write(const NesterovOptions& options, v1::Optimizer* message) {
  WriteMomentum(options, message->mutable_nesterov());
}

void Write(const NoClipping&, v1::Optimizer*) {}

void Write(const ClipGlobalNorm& options, v1::Optimizer* message) {
  message->mutable_clipping()->mutable_global_norm()->set_max_norm(options.max_norm);
}

void Write(const ClipValue& options, v1::Optimizer* message) {
  message->mutable_clipping()->mutable_value()->set_limit(options.limit);
}

void Write(const ClipLayerNorm& options, v1::Optimizer* message) {
  message->mutable_clipping()->mutable_layer_norm()->set_max_norm(options.max_norm);
}

absl::StatusOr<ClippingOptions> ClippingFromProto(const v1::Clipping& message) {
  switch (message.kind_case()) {
    case v1::Clipping::kGlobalNorm:
      return ClipGlobalNorm{message.global_norm().max_norm()};
    case v1::Clipping::kValue:
      return ClipValue{message.value().limit()};
    case v1::Clipping::kLayerNorm:
      return ClipLayerNorm{message.layer_norm().max_norm()};
    case v1::Clipping::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

template <typename Options, typename Message>
absl::StatusOr<Options> ReadMomentum(const Message& message) {
  Options options;
  if (message.has_momentum()) options.momentum = message.momentum();
  if (message.has_schedule()) {
    ASSIGN_OR_RETURN(options.schedule, InField("schedule", FromProto(message.schedule())));
  }
  return options;
}

absl::StatusOr<UpdateRuleOptions> RuleFromProto(const v1::Optimizer& message) {
  switch (message.rule_case()) {
    case v1::Optimizer::kSgd:
      return SgdOptions();
    case v1::Optimizer::kMomentum:
      return InField("momentum", ReadMomentum<MomentumOptions>(message.momentum()));
    case v1::Optimizer::kNesterov:
      return InField("nesterov", ReadMomentum<NesterovOptions>(message.nesterov()));
    case v1::Optimizer::RULE_NOT_SET:
      break;
  }
  return UpdateRuleOptions();
}

}  // namespace

v1::Optimizer ToProto(const OptimizerOptions& options) {
  v1::Optimizer message;
  message.set_learning_rate(options.learning_rate);
  *message.mutable_schedule() = ToProto(options.schedule);
  std::visit([&](const auto& clipping) { Write(clipping, &message); }, options.clipping);
  std::visit([&](const auto& rule) { Write(rule, &message); }, options.rule);
  return message;
}

absl::StatusOr<OptimizerOptions> FromProto(const v1::Optimizer& message) {
  OptimizerOptions options;
  if (message.has_learning_rate()) options.learning_rate = message.learning_rate();
  if (message.has_schedule()) {
    ASSIGN_OR_RETURN(options.schedule, InField("schedule", FromProto(message.schedule())));
  }
  if (message.has_clipping()) {
    ASSIGN_OR_RETURN(options.clipping, InField("clipping", ClippingFromProto(message.clipping())));
  }
  ASSIGN_OR_RETURN(options.rule, RuleFromProto(message));
  return options;
}

}  // namespace trainyard
