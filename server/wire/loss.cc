#include "server/wire/loss.h"

#include <variant>

#include "server/wire/shape.h"

namespace trainyard {
namespace {

void Write(const SoftmaxCrossEntropyOptions&, v1::Loss* message) { message->mutable_softmax_cross_entropy(); }

void Write(const LogisticOptions& options, v1::Loss* message) {
  v1::Logistic* logistic = message->mutable_logistic();
  if (options.positive_class) logistic->set_positive_class(*options.positive_class);
}

void Write(const SquaredOptions&, v1::Loss* message) { message->mutable_squared(); }

LogisticOptions FromProto(const v1::Logistic& message) {
  LogisticOptions options;
  if (message.has_positive_class()) options.positive_class = message.positive_class();
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
      return FromProto(message.logistic());
    case v1::Loss::kSquared:
      return SquaredOptions();
    default:  // next:
    case v1::Loss::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

}  // namespace trainyard
