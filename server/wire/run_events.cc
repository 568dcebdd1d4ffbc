#include "server/wire/run_events.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

v1::Patience ToProto(const PatienceReport& report) {
  v1::Patience message;
  message.set_metric(trainyard::ToProto(report.metric));
  message.set_improved(report.improved);
  message.set_best_value(report.best_value);
  message.set_best_step(report.best_step);
  message.set_left(report.left);
  message.set_value(report.value);
  return message;
}

absl::StatusOr<PatienceReport> FromProto(const v1::Patience& message) {
  PatienceReport report;
  ASSIGN_OR_RETURN(report.metric, trainyard::FromProto(message.metric(), "metric"));
  report.improved = message.improved();
  report.best_value = message.best_value();
  report.best_step = message.best_step();
  report.left = message.left();
  report.value = message.value();
  return report;
}

void Write(const EvaluationReport& report, v1::Event* event) {
  *event->mutable_evaluation() = trainyard::ToProto(report);
}

void Write(const EarlyStopReport& report, v1::Event* event) {
  v1::EarlyStop* message = event->mutable_early_stop();
  message->set_metric(trainyard::ToProto(report.metric));
  message->set_best_value(report.best_value);
  message->set_best_step(report.best_step);
  message->set_patience(report.patience);
  message->set_training_gradient_norm(report.training_gradient_norm);
}

void Write(const DivergenceReport& report, v1::Event* event) {
  v1::Divergence* message = event->mutable_divergence();
  message->set_loss(report.loss);
  message->set_gradient_norm(report.gradient_norm);
  message->set_tensor(report.tensor);
  message->mutable_rows()->Assign(report.rows.begin(), report.rows.end());
  if (!report.rolled_back.has_value()) return;
  message->mutable_rolled_back()->set_to_step(report.rolled_back->to_step);
  message->mutable_rolled_back()->set_learning_rate_factor(report.rolled_back->learning_rate_factor);
  message->mutable_rolled_back()->set_left(report.rolled_back->left);
}

void Write(const ClippingReport& report, v1::Event* event) {
  event->mutable_clipping_began()->set_gradient_norm(report.gradient_norm);
  event->mutable_clipping_began()->set_clipped_gradient_norm(report.clipped_gradient_norm);
}

void Write(const PlateauReport& report, v1::Event* event) {
  v1::LearningRateReduced* message = event->mutable_learning_rate_reduced();
  message->set_metric(trainyard::ToProto(report.metric));
  message->set_best_value(report.best_value);
  message->set_best_step(report.best_step);
  message->set_learning_rate(report.learning_rate);
}

void Write(const RunWarning& warning, v1::Event* event) {
  v1::Warning* message = event->mutable_warning();
  message->set_reason(warning.reason);
  message->set_message(warning.message);
}

ConfusionMatrix FromProto(const v1::ConfusionMatrix& message) {
  return {.counts = {message.counts().begin(), message.counts().end()},
          .class_accuracy = {message.class_accuracy().begin(), message.class_accuracy().end()}};
}

absl::StatusOr<EvaluationReport> EvaluationFromProto(const v1::Evaluation& message) {
  EvaluationReport report;
  report.step = message.step();
  report.epoch = message.epoch();
  ASSIGN_OR_RETURN(report.part, EnumFromProto<Part>(message.part(), "part"));
  for (int i = 0; i < message.values_size(); ++i) {
    const v1::MetricValue& value = message.values(i);
    ASSIGN_OR_RETURN(const Metric metric, trainyard::FromProto(value.metric(), absl::StrCat("values[", i, "].metric")));
    report.values.push_back({metric, value.value()});
  }
  if (message.has_patience()) {
    ASSIGN_OR_RETURN(report.patience, InField("patience", FromProto(message.patience())));
  }
  if (message.has_confusion_matrix()) report.confusion_matrix = FromProto(message.confusion_matrix());
  return report;
}

absl::StatusOr<EarlyStopReport> EarlyStopFromProto(int64_t step, const v1::EarlyStop& message) {
  ASSIGN_OR_RETURN(const Metric metric, trainyard::FromProto(message.metric(), "metric"));
  return EarlyStopReport{.step = step,
                         .metric = metric,
                         .best_value = message.best_value(),
                         .best_step = message.best_step(),
                         .patience = message.patience(),
                         .training_gradient_norm = message.training_gradient_norm()};
}

DivergenceReport DivergenceFromProto(int64_t step, const v1::Divergence& message) {
  DivergenceReport report{.step = step,
                          .loss = message.loss(),
                          .gradient_norm = message.gradient_norm(),
                          .tensor = message.tensor(),
                          .rows = {message.rows().begin(), message.rows().end()},
                          .rolled_back = std::nullopt};
  if (message.has_rolled_back()) {
    report.rolled_back = {.to_step = message.rolled_back().to_step(),
                          .learning_rate_factor = message.rolled_back().learning_rate_factor(),
                          .left = message.rolled_back().left()};
  }
  return report;
}

ClippingReport ClippingFromProto(int64_t step, const v1::ClippingBegan& message) {
  return {
      .step = step, .gradient_norm = message.gradient_norm(), .clipped_gradient_norm = message.clipped_gradient_norm()};
}

absl::StatusOr<PlateauReport> PlateauFromProto(int64_t step, const v1::LearningRateReduced& message) {
  ASSIGN_OR_RETURN(const Metric metric, trainyard::FromProto(message.metric(), "metric"));
  return PlateauReport{.step = step,
                       .metric = metric,
                       .best_value = message.best_value(),
                       .best_step = message.best_step(),
                       .learning_rate = message.learning_rate()};
}

RunWarning WarningFromProto(int64_t step, const v1::Warning& message) {
  return {.step = step, .reason = message.reason(), .message = message.message()};
}

// A value of `T`, or an error on the event's field, as a RunEvent.
template <typename T>
absl::StatusOr<RunEvent> AsRunEvent(std::string_view field, absl::StatusOr<T> report) {
  if (!report.ok()) return InField(field, report.status());
  return RunEvent(*std::move(report));
}

}  // namespace

v1::Event ToProto(const RunEvent& event) {
  v1::Event message;
  std::visit(
      [&](const auto& report) {
        message.set_step(report.step);
        Write(report, &message);
      },
      event);
  return message;
}

absl::StatusOr<RunEvent> FromProto(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kEvaluation:
      return AsRunEvent("evaluation", EvaluationFromProto(event.evaluation()));
    case v1::Event::kEarlyStop:
      return AsRunEvent("early_stop", EarlyStopFromProto(event.step(), event.early_stop()));
    case v1::Event::kDivergence:
      return DivergenceFromProto(event.step(), event.divergence());
    case v1::Event::kClippingBegan:
      return ClippingFromProto(event.step(), event.clipping_began());
    case v1::Event::kLearningRateReduced:
      return AsRunEvent("learning_rate_reduced", PlateauFromProto(event.step(), event.learning_rate_reduced()));
    case v1::Event::kWarning:
      return WarningFromProto(event.step(), event.warning());
    case v1::Event::kStateChanged:
    case v1::Event::kMetrics:
    case v1::Event::kCheckpointSaved:
    case v1::Event::kRecovered:
    case v1::Event::kSpecChanged:
    case v1::Event::kPriorityChanged:
    case v1::Event::kRewound:
    case v1::Event::KIND_NOT_SET:
      break;
  }
  const google::protobuf::FieldDescriptor* kind = v1::Event::descriptor()->FindFieldByNumber(event.kind_case());
  return FieldError("kind", kind != nullptr ? std::string_view(kind->name()) : "unset",
                    "evaluation, early_stop, divergence, clipping_began, learning_rate_reduced or warning");
}

v1::Evaluation ToProto(const EvaluationReport& report) {
  v1::Evaluation message;
  message.set_part(ToProto(report.part));
  message.set_step(report.step);
  message.set_epoch(report.epoch);
  for (const MetricValue& value : report.values) {
    v1::MetricValue* metric = message.add_values();
    metric->set_metric(ToProto(value.metric));
    metric->set_value(value.value);
  }
  if (report.patience) *message.mutable_patience() = ToProto(*report.patience);
  if (report.confusion_matrix) *message.mutable_confusion_matrix() = ToProto(*report.confusion_matrix);
  return message;
}

v1::ConfusionMatrix ToProto(const ConfusionMatrix& matrix) {
  v1::ConfusionMatrix message;
  message.mutable_counts()->Assign(matrix.counts.begin(), matrix.counts.end());
  message.mutable_class_accuracy()->Assign(matrix.class_accuracy.begin(), matrix.class_accuracy.end());
  return message;
}

v1::StopReason ToProto(StopReason reason) {
  switch (reason) {
    case StopReason::kSteps:
      return v1::STOP_REASON_STEPS;
    case StopReason::kEpochs:
      return v1::STOP_REASON_EPOCHS;
    case StopReason::kExamples:
      return v1::STOP_REASON_EXAMPLES;
    case StopReason::kRunningTime:
      return v1::STOP_REASON_RUNNING_TIME;
    case StopReason::kEarlyStop:
      return v1::STOP_REASON_EARLY_STOP;
    case StopReason::kDivergence:
      return v1::STOP_REASON_DIVERGENCE;
    case StopReason::kCancelled:
      return v1::STOP_REASON_CANCELLED;
    case StopReason::kError:
      return v1::STOP_REASON_ERROR;
    case StopReason::kTargetMetric:
      return v1::STOP_REASON_TARGET_METRIC;
    case StopReason::kDeadline:
      return v1::STOP_REASON_DEADLINE;
  }
  return v1::STOP_REASON_UNSPECIFIED;
}

v1::ParametersHeld ToProto(ParametersHeld held) {
  switch (held) {
    case ParametersHeld::kNone:
      return v1::PARAMETERS_HELD_NONE;
    case ParametersHeld::kLast:
      return v1::PARAMETERS_HELD_LAST;
    case ParametersHeld::kBest:
      return v1::PARAMETERS_HELD_BEST;
    case ParametersHeld::kLastFinite:
      return v1::PARAMETERS_HELD_LAST_FINITE;
  }
  return v1::PARAMETERS_HELD_UNSPECIFIED;
}

v1::Part ToProto(Part part) {
  switch (part) {
    case Part::kTraining:
      return v1::PART_TRAINING;
    case Part::kValidation:
      return v1::PART_VALIDATION;
    case Part::kTest:
      return v1::PART_TEST;
  }
  return v1::PART_UNSPECIFIED;
}

v1::Metric ToProto(Metric metric) {
  switch (metric) {
    case Metric::kLoss:
      return v1::METRIC_LOSS;
    case Metric::kAccuracy:
      return v1::METRIC_ACCURACY;
    case Metric::kZeroOneError:
      return v1::METRIC_ZERO_ONE_ERROR;
    case Metric::kLogLoss:
      return v1::METRIC_LOG_LOSS;
    case Metric::kRmse:
      return v1::METRIC_RMSE;
    case Metric::kTopKAccuracy:
      return v1::METRIC_TOP_K_ACCURACY;
    case Metric::kMacroF1:
      return v1::METRIC_MACRO_F1;
    case Metric::kAuc:
      return v1::METRIC_AUC;
    case Metric::kMae:
      return v1::METRIC_MAE;
    case Metric::kR2:
      return v1::METRIC_R2;
  }
  return v1::METRIC_UNSPECIFIED;
}

absl::StatusOr<Metric> FromProto(v1::Metric metric, std::string_view field) {
  return EnumFromProto<Metric>(metric, field);
}

}  // namespace trainyard
