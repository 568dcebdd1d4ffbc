#include "server/wire/spec.h"

#include "core/base/status.h"
#include "server/wire/initialization.h"
#include "server/wire/loss.h"
#include "server/wire/minibatches.h"
#include "server/wire/network.h"
#include "server/wire/optimizer.h"
#include "server/wire/shape.h"
#include "server/wire/stopping.h"
#include "server/wire/training_data.h"

namespace trainyard {
namespace {

v1::Regularization ToProto(const RegularizationOptions& options) {
  v1::Regularization message;
  message.set_l2(options.l2);
  message.set_l1(options.l1);
  message.set_weight_decay(options.weight_decay);
  return message;
}

RegularizationOptions FromProto(const v1::Regularization& message) {
  return {.l2 = message.l2(), .l1 = message.l1(), .weight_decay = message.weight_decay()};
}

}  // namespace

v1::Precision ToProto(Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return v1::PRECISION_F32;
    case Precision::kF64:
      return v1::PRECISION_F64;
  }
  return v1::PRECISION_UNSPECIFIED;
}

absl::StatusOr<TrainingOptions> FromProto(const v1::JobSpec& spec) {
  TrainingOptions options;
  ASSIGN_OR_RETURN(options.data, InField("data", FromProto(spec.data())));
  ASSIGN_OR_RETURN(options.network, InField("network", FromProto(spec.network())));
  if (spec.has_loss()) {
    ASSIGN_OR_RETURN(options.loss, InField("loss", FromProto(spec.loss())));
  }
  ASSIGN_OR_RETURN(options.optimizer, InField("optimizer", FromProto(spec.optimizer())));
  options.regularization = FromProto(spec.regularization());
  options.minibatches = FromProto(spec.minibatches());
  options.initialization = FromProto(spec.initialization());
  ASSIGN_OR_RETURN(options.budget, InField("budget", FromProto(spec.budget())));
  ASSIGN_OR_RETURN(options.evaluation, InField("evaluation", FromProto(spec.evaluation())));
  if (spec.has_early_stopping()) {
    ASSIGN_OR_RETURN(options.early_stopping, InField("early_stopping", FromProto(spec.early_stopping())));
  }
  if (spec.has_divergence()) {
    ASSIGN_OR_RETURN(options.divergence, InField("divergence", FromProto(spec.divergence())));
  }
  options.checkpoints = FromProto(spec.checkpoints());
  RETURN_IF_ERROR(ReadEnum(spec.precision(), "precision", options.precision));
  if (spec.has_seed()) options.seed = spec.seed();
  if (spec.has_threads()) options.threads = spec.threads();
  options.initial_state = FromProto(spec.initial_state());
  if (spec.has_warm_start()) {
    ASSIGN_OR_RETURN(options.warm_start, InField("warm_start", FromProto(spec.warm_start())));
  }
  return options;
}

v1::JobSpec ToProto(const TrainingOptions& options) {
  v1::JobSpec spec;
  *spec.mutable_data() = ToProto(options.data);
  *spec.mutable_network() = ToProto(options.network);
  if (options.loss) *spec.mutable_loss() = ToProto(*options.loss);
  *spec.mutable_optimizer() = ToProto(options.optimizer);
  if (options.regularization != RegularizationOptions()) {
    *spec.mutable_regularization() = ToProto(options.regularization);
  }
  *spec.mutable_minibatches() = ToProto(options.minibatches);
  *spec.mutable_initialization() = ToProto(options.initialization);
  *spec.mutable_budget() = ToProto(options.budget);
  *spec.mutable_evaluation() = ToProto(options.evaluation);
  if (options.early_stopping) *spec.mutable_early_stopping() = ToProto(*options.early_stopping);
  *spec.mutable_divergence() = ToProto(options.divergence);
  *spec.mutable_checkpoints() = ToProto(options.checkpoints);
  spec.set_precision(ToProto(options.precision));
  spec.set_seed(options.seed);
  spec.set_threads(options.threads);
  if (options.initial_state != InitialStateOptions()) *spec.mutable_initial_state() = ToProto(options.initial_state);
  if (options.warm_start) *spec.mutable_warm_start() = ToProto(*options.warm_start);
  return spec;
}

}  // namespace trainyard
