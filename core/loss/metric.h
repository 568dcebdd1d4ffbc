// True losses: what a surrogate loss stands in for, measured on a part of the data.

#ifndef TRAINYARD_CORE_LOSS_METRIC_H_
#define TRAINYARD_CORE_LOSS_METRIC_H_

#include <cstdint>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/metric.h"

namespace trainyard {

struct MetricValue {
  Metric metric;
  double value;

  friend bool operator==(const MetricValue&, const MetricValue&) = default;
};

// Whether the metric is defined for such a target; kLoss always is.
bool Fits(Metric metric, bool categorical_target);

// What is measured unless told otherwise: accuracy, zero-one error and log loss for classes, RMSE for numbers.
std::vector<Metric> DefaultMetrics(bool categorical_target);

// What early stopping watches unless told otherwise.
Metric DefaultStoppingMetric(bool categorical_target);

// Sums over examples, block by block in order; every sum is a double.
class MetricSums {
 public:
  // `loss_sum`: Loss::Sum of the block. `predictions`: Loss::Predict of it.
  void Add(double loss_sum, MatrixView<const double> predictions, const Targets& targets);

  int64_t example_count() const { return example_count_; }

  // NaN where there are no examples.
  double Value(Metric metric) const;

 private:
  int64_t example_count_ = 0;
  double loss_ = 0;
  int64_t correct_ = 0;
  double log_loss_ = 0;
  double squared_error_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_METRIC_H_
