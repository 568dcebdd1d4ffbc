#include "core/loss/metric.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {

bool Fits(Metric metric, bool categorical_target) {
  switch (metric) {
    case Metric::kLoss:
      return true;
    case Metric::kAccuracy:
    case Metric::kZeroOneError:
    case Metric::kLogLoss:
    case Metric::kTopKAccuracy:
    case Metric::kMacroF1:
    case Metric::kAuc:
      return categorical_target;
    case Metric::kRmse:
    case Metric::kMae:
    case Metric::kR2:
      return !categorical_target;
  }
  return false;
}

bool NeedsProbabilities(Metric metric) { return metric == Metric::kLogLoss; }

std::vector<Metric> DefaultMetrics(bool categorical_target) {
  if (categorical_target) return {Metric::kAccuracy, Metric::kZeroOneError, Metric::kLogLoss};
  return {Metric::kRmse};
}

Metric DefaultStoppingMetric(bool categorical_target) {
  return categorical_target ? Metric::kZeroOneError : Metric::kRmse;
}

int DefaultTopK(int64_t class_count) { return static_cast<int>(std::clamp<int64_t>(class_count - 1, 1, 5)); }

bool MetricPlan::Has(Metric metric) const { return std::find(metrics.begin(), metrics.end(), metric) != metrics.end(); }

double MeasuringBytes(const MetricPlan& plan, int64_t row_count) {
  if (!plan.Has(Metric::kAuc)) return 0;
  const double scores = plan.class_count <= 2 ? 1 : static_cast<double>(plan.class_count);
  // With each example its class and, while one class is ranked against the rest, a copy of its score.
  return static_cast<double>(row_count) * (sizeof(double) * (scores + 1) + sizeof(int32_t));
}

absl::Status CheckConfusionMatrix(std::string_view field, int64_t class_count) {
  if (class_count == 0) return FieldError(field, "true", "false for a numeric target");
  if (class_count <= kMaxConfusionClasses) return absl::OkStatus();
  return FieldError(
      field, "true",
      absl::StrCat("false for a target of ", class_count, " classes, which are more than ", kMaxConfusionClasses));
}

}  // namespace trainyard
