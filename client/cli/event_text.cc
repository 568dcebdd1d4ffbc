#include "client/cli/event_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/json.h"
#include "client/cli/reflect.h"
#include "client/cli/text.h"
#include "client/cpp/watch.h"

namespace trainyard::cli {
namespace {

template <typename Enum>
std::string Words(Enum value) {
  return absl::StrReplaceAll(EnumName(value), {{"_", " "}});
}

std::string PatienceText(const v1::Patience& patience) {
  if (patience.improved()) return "best so far";
  return absl::StrCat("best ", MetricNumberText(patience.metric(), patience.best_value()), " at step ",
                      CountText(patience.best_step()), ", patience ", patience.left());
}

// The watched metric and its patience come first: a narrow line keeps them.
std::string EvaluationText(const v1::Evaluation& evaluation) {
  std::vector<std::string> texts;
  for (const v1::MetricValue& value : evaluation.values()) {
    const bool watched = evaluation.has_patience() && value.metric() == evaluation.patience().metric();
    if (watched) {
      texts.insert(texts.begin(), absl::StrCat(MetricValueText(value), " (", PatienceText(evaluation.patience()), ")"));
    } else {
      texts.push_back(MetricValueText(value));
    }
  }
  return absl::StrCat(EnumName(evaluation.part()), " ", absl::StrJoin(texts, "  "));
}

std::string StateText(const v1::StateChanged& change) {
  if (change.has_error()) return absl::StrCat(Words(change.state()), ": ", change.error().message());
  if (!change.message().empty()) return absl::StrCat(Words(change.state()), ": ", change.message());
  if (!client::IsTerminal(change.state())) return Words(change.state());
  return OutcomeText(change.state(), change.stop_reason(), change.parameters_held(), change.parameters_step());
}

std::string EarlyStopText(const v1::EarlyStop& stop) {
  return absl::StrCat("early stop: ", stop.patience(), " evaluations without improvement on ",
                      MetricText(stop.metric()), " ", MetricNumberText(stop.metric(), stop.best_value()), " of step ",
                      CountText(stop.best_step()), "; training gradient norm ",
                      NumberText(stop.training_gradient_norm()));
}

std::string DivergenceText(const v1::Divergence& divergence) {
  std::string text = absl::StrCat("diverged: loss ", NumberText(divergence.loss()), ", gradient norm ",
                                  NumberText(divergence.gradient_norm()));
  if (!divergence.tensor().empty()) absl::StrAppend(&text, ", first in ", divergence.tensor());
  if (divergence.has_rolled_back()) {
    const v1::RolledBack& back = divergence.rolled_back();
    absl::StrAppend(&text, "; back to step ", CountText(back.to_step()), " with ",
                    NumberText(back.learning_rate_factor()), " of the learning rate, ", back.left(), " more times");
  }
  if (!divergence.rows().empty()) absl::StrAppend(&text, "; rows ", absl::StrJoin(divergence.rows(), " "));
  return text;
}

std::string PlateauText(const v1::LearningRateReduced& reduced) {
  return absl::StrCat("plateau: learning rate ", NumberText(reduced.learning_rate()), " from now on; best ",
                      MetricText(reduced.metric()), " ", MetricNumberText(reduced.metric(), reduced.best_value()),
                      " of step ", CountText(reduced.best_step()));
}

using Evaluations = google::protobuf::RepeatedPtrField<v1::Evaluation>;

std::vector<std::string> MeasuredLines(const Evaluations& evaluations, int64_t step) {
  std::vector<std::string> lines;
  for (const v1::Part part : {v1::PART_TRAINING, v1::PART_VALIDATION, v1::PART_TEST}) {
    for (const v1::Evaluation& evaluation : evaluations) {
      if (evaluation.part() != part) continue;
      for (const v1::MetricValue& value : evaluation.values()) {
        lines.push_back(absl::StrCat(EnumName(part), " ", MetricValueText(value)));
        if (evaluation.step() != step) absl::StrAppend(&lines.back(), "  (at step ", CountText(evaluation.step()), ")");
      }
    }
  }
  return lines;
}

}  // namespace

std::string MetricText(v1::Metric metric) {
  switch (metric) {
    case v1::METRIC_ZERO_ONE_ERROR:
      return "zero-one error";
    case v1::METRIC_RMSE:
      return "RMSE";
    case v1::METRIC_TOP_K_ACCURACY:
      return "top-k accuracy";
    case v1::METRIC_MACRO_F1:
      return "macro F1";
    case v1::METRIC_AUC:
      return "AUC";
    case v1::METRIC_MAE:
      return "MAE";
    case v1::METRIC_R2:
      return "R^2";
    default:
      return Words(metric);
  }
}

std::string MetricNumberText(v1::Metric metric, double value) {
  switch (metric) {
    case v1::METRIC_ACCURACY:
    case v1::METRIC_ZERO_ONE_ERROR:
    case v1::METRIC_TOP_K_ACCURACY:
    case v1::METRIC_MACRO_F1:
    case v1::METRIC_AUC:
      return absl::StrFormat("%.4f", value);
    default:
      return NumberText(value);
  }
}

std::string MetricValueText(const v1::MetricValue& value) {
  return absl::StrCat(MetricText(value.metric()), " ", MetricNumberText(value.metric(), value.value()));
}

std::string OutcomeText(v1::State state, v1::StopReason reason, v1::ParametersHeld held, int64_t parameters_step) {
  std::string text = Words(state);
  if (reason != v1::STOP_REASON_UNSPECIFIED && reason != v1::STOP_REASON_CANCELLED) {
    absl::StrAppend(&text, " (", Words(reason), ")");
  }
  if (held == v1::PARAMETERS_HELD_UNSPECIFIED) return text;
  if (held == v1::PARAMETERS_HELD_NONE) return absl::StrCat(text, "; there is no model");
  return absl::StrCat(text, "; the model holds the ", Words(held), " parameters, those of step ",
                      CountText(parameters_step));
}

std::string SpecChangeText(const v1::SpecChange& change) {
  std::vector<std::string> parts;
  for (const std::string& path : change.fields().paths()) {
    parts.push_back(
        absl::StrCat(path, ": ", FieldText(change.previous(), path), " to ", FieldText(change.spec(), path)));
  }
  return absl::StrCat("from step ", CountText(change.step()), " on ", absl::StrJoin(parts, "; "));
}

std::string EventText(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kStateChanged:
      return StateText(event.state_changed());
    case v1::Event::kMetrics:
      return absl::StrCat("metrics of ", CountText(event.metrics().step_count()), " steps");
    case v1::Event::kEvaluation:
      return EvaluationText(event.evaluation());
    case v1::Event::kCheckpointSaved:
      return absl::StrCat("checkpoint, ", BytesText(event.checkpoint_saved().size_bytes()));
    case v1::Event::kEarlyStop:
      return EarlyStopText(event.early_stop());
    case v1::Event::kDivergence:
      return DivergenceText(event.divergence());
    case v1::Event::kWarning:
      return absl::StrCat("warning: ", event.warning().message());
    case v1::Event::kRecovered:
      return absl::StrCat("recovered from the checkpoint of step ", CountText(event.step()),
                          "; computing again up to step ", CountText(event.recovered().replay_until_step()));
    case v1::Event::kClippingBegan:
      return absl::StrCat("clipping: gradient norm ", NumberText(event.clipping_began().gradient_norm()), " to ",
                          NumberText(event.clipping_began().clipped_gradient_norm()));
    case v1::Event::kLearningRateReduced:
      return PlateauText(event.learning_rate_reduced());
    case v1::Event::kSpecChanged:
      return SpecChangeText(event.spec_changed());
    case v1::Event::kPriorityChanged:
      return absl::StrCat("priority ", event.priority_changed().previous(), " to ",
                          event.priority_changed().priority());
    case v1::Event::kRewound:
      return absl::StrCat("went back to the checkpoint of step ", CountText(event.rewound().to_step()),
                          "; goes on as attempt ", event.attempt());
    case v1::Event::KIND_NOT_SET:
      break;
  }
  return "an event that this version of trainyard does not know";
}

Ink EventInk(const v1::Event& event) {
  if (event.has_divergence() || event.has_warning()) return Ink::kBad;
  if (event.has_checkpoint_saved() || event.has_metrics()) return Ink::kFaint;
  if (event.has_evaluation()) return event.evaluation().patience().improved() ? Ink::kGood : Ink::kPlain;
  if (!event.has_state_changed()) return Ink::kPlain;
  if (event.state_changed().state() == v1::STATE_SUCCEEDED) return Ink::kGood;
  return client::IsTerminal(event.state_changed().state()) ? Ink::kBad : Ink::kPlain;
}

std::vector<std::string> MeasuredLines(const v1::Job& job) {
  return MeasuredLines(job.latest_evaluations(),
                       client::IsTerminal(job.state()) ? job.parameters_step() : job.progress().step());
}

std::vector<std::string> MeasuredLines(const v1::Model& model) {
  return MeasuredLines(model.evaluations(), model.step());
}

}  // namespace trainyard::cli
