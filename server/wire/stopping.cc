#include "server/wire/stopping.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/run_events.h"
#include "server/wire/shape.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

void Write(const EverySteps& every, v1::EvaluationPlan* message) { message->set_every_steps(every.count); }
void Write(const EveryEpochs& every, v1::EvaluationPlan* message) { message->set_every_epochs(every.count); }

void Write(const StopOnDivergence&, v1::DivergencePolicy* message) { message->mutable_stop(); }

void Write(const RollBack& options, v1::DivergencePolicy* message) {
  message->mutable_roll_back()->set_factor(options.factor);
  message->mutable_roll_back()->set_max_times(options.max_times);
}

RollBack FromProto(const v1::RollBack& message) {
  RollBack options;
  if (message.has_factor()) options.factor = message.factor();
  if (message.has_max_times()) options.max_times = message.max_times();
  return options;
}

absl::StatusOr<TargetMetric> FromProto(const v1::TargetMetric& message) {
  ASSIGN_OR_RETURN(const Metric metric, trainyard::FromProto(message.metric(), "metric"));
  return TargetMetric{.metric = metric, .value = message.value()};
}

}  // namespace

v1::Keep ToProto(Keep keep) { return keep == Keep::kBest ? v1::KEEP_BEST : v1::KEEP_LAST; }

v1::Budget ToProto(const BudgetOptions& options) {
  v1::Budget message;
  if (options.steps) message.set_steps(*options.steps);
  if (options.epochs) message.set_epochs(*options.epochs);
  if (options.examples) message.set_examples(*options.examples);
  if (options.running_time) *message.mutable_running_time() = ToProto(*options.running_time);
  if (options.target_metric) {
    message.mutable_target_metric()->set_metric(ToProto(options.target_metric->metric));
    message.mutable_target_metric()->set_value(options.target_metric->value);
  }
  return message;
}

absl::StatusOr<BudgetOptions> FromProto(const v1::Budget& message) {
  BudgetOptions options;
  if (message.has_steps()) options.steps = message.steps();
  if (message.has_epochs()) options.epochs = message.epochs();
  if (message.has_examples()) options.examples = message.examples();
  if (message.has_running_time()) {
    ASSIGN_OR_RETURN(options.running_time, FromProto(message.running_time(), "running_time"));
  }
  if (message.has_target_metric()) {
    ASSIGN_OR_RETURN(options.target_metric, InField("target_metric", FromProto(message.target_metric())));
  }
  return options;
}

v1::EvaluationPlan ToProto(const EvaluationOptions& options) {
  v1::EvaluationPlan message;
  for (const Metric metric : options.metrics) message.add_metrics(ToProto(metric));
  std::visit([&](const auto& every) { Write(every, &message); }, options.every);
  if (options.top_k) message.set_top_k(*options.top_k);
  message.set_confusion_matrix(options.confusion_matrix);
  return message;
}

absl::StatusOr<EvaluationOptions> FromProto(const v1::EvaluationPlan& message) {
  EvaluationOptions options;
  for (int i = 0; i < message.metrics_size(); ++i) {
    ASSIGN_OR_RETURN(const Metric metric, FromProto(message.metrics(i), absl::StrCat("metrics[", i, "]")));
    options.metrics.push_back(metric);
  }
  switch (message.every_case()) {
    case v1::EvaluationPlan::kEverySteps:
      options.every = EverySteps{message.every_steps()};
      break;
    case v1::EvaluationPlan::kEveryEpochs:
      options.every = EveryEpochs{message.every_epochs()};
      break;
    case v1::EvaluationPlan::EVERY_NOT_SET:
      break;
  }
  if (message.has_top_k()) options.top_k = message.top_k();
  options.confusion_matrix = message.confusion_matrix();
  return options;
}

v1::EarlyStopping ToProto(const EarlyStoppingOptions& options) {
  v1::EarlyStopping message;
  if (options.metric) message.set_metric(ToProto(*options.metric));
  message.set_patience(options.patience);
  message.set_min_change(options.min_change);
  message.set_moving_average(options.moving_average);
  message.set_keep(ToProto(options.keep));
  return message;
}

absl::StatusOr<EarlyStoppingOptions> FromProto(const v1::EarlyStopping& message) {
  EarlyStoppingOptions options;
  if (message.metric() != v1::METRIC_UNSPECIFIED) {
    ASSIGN_OR_RETURN(options.metric, FromProto(message.metric(), "metric"));
  }
  if (message.has_patience()) options.patience = message.patience();
  if (message.has_min_change()) options.min_change = message.min_change();
  if (message.has_moving_average()) options.moving_average = message.moving_average();
  RETURN_IF_ERROR(ReadEnum(message.keep(), "keep", options.keep));
  return options;
}

v1::DivergencePolicy ToProto(const DivergenceOptions& options) {
  v1::DivergencePolicy message;
  std::visit([&](const auto& policy) { Write(policy, &message); }, options);
  return message;
}

absl::StatusOr<DivergenceOptions> FromProto(const v1::DivergencePolicy& message) {
  switch (message.kind_case()) {
    case v1::DivergencePolicy::kStop:
      return StopOnDivergence();
    case v1::DivergencePolicy::kRollBack:
      return FromProto(message.roll_back());
    case v1::DivergencePolicy::KIND_NOT_SET:
      break;
  }
  return UnsetOneof(message, "kind");
}

v1::CheckpointPlan ToProto(const CheckpointOptions& options) {
  v1::CheckpointPlan message;
  if (options.every_steps) message.set_every_steps(*options.every_steps);
  return message;
}

CheckpointOptions FromProto(const v1::CheckpointPlan& message) {
  CheckpointOptions options;
  if (message.has_every_steps()) options.every_steps = message.every_steps();
  return options;
}

}  // namespace trainyard
