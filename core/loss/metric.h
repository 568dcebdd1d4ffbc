// True losses: which fit a target, and what is measured together.

#ifndef TRAINYARD_CORE_LOSS_METRIC_H_
#define TRAINYARD_CORE_LOSS_METRIC_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/metric.h"

namespace trainyard {

struct MetricValue {
  Metric metric;
  double value;

  friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

// Whether the metric is defined for such a target; kLoss always is.
bool Fits(Metric metric, bool categorical_target);

// Whether the metric is of probabilities, which not every loss gives.
bool NeedsProbabilities(Metric metric);

// What is measured unless told otherwise: accuracy, zero-one error and log loss for classes, RMSE for numbers.
std::vector<Metric> DefaultMetrics(bool categorical_target);

// What early stopping watches unless told otherwise.
Metric DefaultStoppingMetric(bool categorical_target);

// k of top-k accuracy unless told otherwise: 5, or one less than the number of classes where that is less.
int DefaultTopK(int64_t class_count);

// A confusion matrix of more classes is refused.
inline constexpr int64_t kMaxConfusionClasses = 100;

// INVALID_ARGUMENT, on `field`, which asks for a confusion matrix: the target is a number (no classes), or has more than those classes.
absl::Status CheckConfusionMatrix(std::string_view field, int64_t class_count);

// What is to be measured in one pass over the examples. What is not asked for costs neither time nor memory.
struct MetricPlan {
  std::vector<Metric> metrics;  // that fit the target; the surrogate loss always comes along
  int64_t class_count = 0;      // 0: the target is a number
  int top_k = 5;
  bool confusion_matrix = false;  // at most kMaxConfusionClasses

  bool Has(Metric metric) const;

  // Whether something is measured on probabilities where the loss gives some.
  bool UsesProbabilities() const { return Has(Metric::kLogLoss) || Has(Metric::kAuc); }
};

// Bytes that measuring `row_count` examples takes at most: the area under the ROC curve needs every score.
double MeasuringBytes(const MetricPlan& plan, int64_t row_count);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_METRIC_H_
