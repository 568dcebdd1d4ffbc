#include "server/wire/loss.h"

#include <variant>

#include "server/wire/shape.h"

namespace trainyard {
namespace {

// ---- Losses with a positive class

template <typename Options, typename Message>
void WriteBinary(const Options& options, Message* message) {
  if (options.positive_class) message->set_positive_class(*options.positive_class);
}

template <typename Options, typename Message>
Options ReadBinary(const Message& message) {
  Options options;
  if (message.has_positive_class()) options.positive_class = message.positive_class();
  return options;
}

void Write(const LogisticOptions& options, v1::Loss* message) { WriteBinary(options, message->mutable_logistic()); }
void Write(const HingeOptions& options, v1::Loss* message) { WriteBinary(options, message->mutable_hinge()); }
void Write(const SquaredHingeOptions& options, v1::Loss* message) {
  WriteBinary(options, message->mutable_squared_hinge());
}
void Write(const SmoothedHingeOptions& options, v1::Loss* message) {
  WriteBinary(options, message->mutable_smoothed_hinge());
}
void Write(const ExponentialOptions& options, v1::Loss* message) {
  WriteBinary(options, message->mutable_exponential());
}
void Write(const PerceptronOptions& options, v1::Loss* message) { WriteBinary(options, message->mutable_perceptron()); }
void Write(const SquaredMarginOptions& options, v1::Loss* message) {
  WriteBinary(options, message->mutable_squared_margin());
}

// ---- The others

void Write(const SoftmaxCrossEntropyOptions&, v1::Loss* message) { message->mutable_softmax_cross_entropy(); }
void Write(const MulticlassHingeOptions&, v1::Loss* message) { message->mutable_multiclass_hinge(); }
void Write(const SquaredOptions&, v1::Loss* message) { message->mutable_squared(); }
void Write(const AbsoluteOptions&, v1::Loss* message) { message->mutable_absolute(); }
void Write(const HuberOptions& options, v1::Loss* message) { message->mutable_huber()->set_delta(options.delta); }
void Write(const PoissonOptions&, v1::Loss* message) { message->mutable_poisson(); }
void Write(const ZeroOneOptions&, v1::Loss* message) { message->mutable_zero_one(); }

void Write(const QuantileOptions& options, v1::Loss* message) {
  message->mutable_quantile()->set_quantile(options.quantile);
}

HuberOptions FromProto(const v1::Huber& message) {
  HuberOptions options;
  if (message.has_delta()) options.delta = message.delta();
  return options;
}

QuantileOptions FromProto(const v1::Quantile& message) {
  QuantileOptions options;
  if (message.has_quantile()) options.quantile = message.quantile();
  return options;
}

}  // namespace

v1::Loss ToProto(const LossOptions& options) {
  v1::Loss message;
  std::visit([&](const auto& loss) { Write(loss, &message); }, options);
  return message;
}

absl::StatusOr<LossOptions> FromProto(const v1::Loss& message) {
  switch (message.kind_case()) {
    case v1::Loss::kSoftmaxCrossEntropy:
      return SoftmaxCrossEntropyOptions();
    case v1::Loss::kLogistic:
      return ReadBinary<LogisticOptions>(message.logistic());
    case v1::Loss::kHinge:
      return ReadBinary<HingeOptions>(message.hinge());
    case v1::Loss::kSquaredHinge:
      return ReadBinary<SquaredHingeOptions>(message.squared_hinge());
    case v1::Loss::kSmoothedHinge:
      return ReadBinary<SmoothedHingeOptions>(message.smoothed_hinge());
    case v1::Loss::kExponential:
      return ReadBinary<ExponentialOptions>(message.exponential());
    case v1::Loss::kPerceptron:
      return ReadBinary<PerceptronOptions>(message.perceptron());
    case v1::Loss::kSquaredMargin:
      return ReadBinary<SquaredMarginOptions>(message.squared_margin());
    case v1::Loss::kMulticlassHinge:
      return MulticlassHingeOptions();
    case v1::Loss::kSquared:
      return SquaredOptions();
    case v1::Loss::kAbsolute:
      return AbsoluteOptions();
    case v1::Loss::kHuber:
      return FromProto(message.huber());
    case v1::Loss::kPoisson:
      return PoissonOptions();
    case v1::Loss::kQuantile:
      return FromProto(message.quantile());
    case v1::Loss::kZeroOne:
      return ZeroOneOptions();
    case v1::Loss::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace trainyard
