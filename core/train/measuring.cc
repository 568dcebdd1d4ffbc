#include "core/train/measuring.h"

#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

// What a metric must fit.
struct Measured {
  bool categorical;
  bool probabilistic;
};

absl::Status CheckMetric(std::string_view field, Metric metric, const Measured& measured) {
  if (!Fits(metric, measured.categorical)) {
    return FieldError(field, Name(metric), measured.categorical ? "a metric for classes" : "a metric for numbers");
  }
  if (!NeedsProbabilities(metric) || measured.probabilistic) return absl::OkStatus();
  return FieldError(field, Name(metric), "left out with a loss that gives no probabilities");
}

}  // namespace

MetricPlan PlanMeasuring(const TrainingOptions& options, int64_t class_count) {
  MetricPlan plan{.metrics = options.evaluation.metrics,
                  .class_count = class_count,
                  .top_k = options.evaluation.top_k.value_or(DefaultTopK(class_count)),
                  .confusion_matrix = options.evaluation.confusion_matrix};
  if (options.early_stopping.has_value()) plan.metrics.push_back(*options.early_stopping->metric);
  if (options.budget.target_metric.has_value()) plan.metrics.push_back(options.budget.target_metric->metric);
  const auto* plateau = std::get_if<ReduceOnPlateauOptions>(&options.optimizer.schedule.kind);
  if (plateau != nullptr) plan.metrics.push_back(plateau->metric);
  return plan;
}

absl::Status CheckMeasuring(const Column& target, bool probabilistic, TrainingOptions& options) {
  const bool categorical = target.type == ColumnType::kCategorical;
  const int64_t class_count = categorical ? static_cast<int64_t>(target.categories.size()) : 0;
  const Measured measured{.categorical = categorical, .probabilistic = probabilistic};
  EvaluationOptions& evaluation = options.evaluation;
  if (evaluation.metrics.empty()) {
    evaluation.metrics = DefaultMetrics(categorical);
    if (!probabilistic) std::erase_if(evaluation.metrics, NeedsProbabilities);
  }
  for (size_t i = 0; i < evaluation.metrics.size(); ++i) {
    RETURN_IF_ERROR(CheckMetric(absl::StrCat("evaluation.metrics[", i, "]"), evaluation.metrics[i], measured));
  }
  if (categorical && !evaluation.top_k.has_value()) {
    evaluation.top_k = DefaultTopK(class_count);
  }
  if (evaluation.confusion_matrix) {
    RETURN_IF_ERROR(CheckConfusionMatrix("evaluation.confusion_matrix", class_count));
  }
  if (const std::optional<TargetMetric>& goal = options.budget.target_metric) {
    RETURN_IF_ERROR(CheckMetric("budget.target_metric.metric", goal->metric, measured));
  }
  if (const auto* plateau = std::get_if<ReduceOnPlateauOptions>(&options.optimizer.schedule.kind)) {
    RETURN_IF_ERROR(CheckMetric("optimizer.schedule.reduce_on_plateau.metric", plateau->metric, measured));
  }
  if (!options.early_stopping.has_value()) return absl::OkStatus();
  std::optional<Metric>& watched = options.early_stopping->metric;
  if (!watched.has_value()) watched = DefaultStoppingMetric(categorical);
  return CheckMetric("early_stopping.metric", *watched, measured);
}

absl::Status CheckWatchers(bool has_validation, const TrainingOptions& options) {
  if (has_validation) return absl::OkStatus();
  constexpr std::string_view kRule =
      "left out where there is no validation part; give data.validation_fraction or data.validation_dataset";
  if (options.budget.target_metric.has_value()) return FieldError("budget.target_metric", "set", kRule);
  if (std::holds_alternative<ReduceOnPlateauOptions>(options.optimizer.schedule.kind)) {
    return FieldError("optimizer.schedule.reduce_on_plateau", "set", kRule);
  }
  if (options.early_stopping.has_value()) return FieldError("early_stopping", "set", kRule);
  return absl::OkStatus();
}

}  // namespace trainyard
