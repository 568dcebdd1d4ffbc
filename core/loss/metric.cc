#include "core/loss/metric.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

std::vector<Metric> DefaultMetrics(bool categorical_target) {
  if (categorical_target) return {Metric::kAccuracy, Metric::kZeroOneError, Metric::kLogLoss};
  return {Metric::kRmse};
}

Metric DefaultStoppingMetric(bool categorical_target) {
  return categorical_target ? Metric::kZeroOneError : Metric::kRmse;
}

void MetricSums::Add(double loss_sum, MatrixView<const double> predictions, const Targets& targets) {
  loss_ += loss_sum;
  example_count_ += predictions.rows;
  for (int64_t i = 0; i < predictions.rows; ++i) {
    const std::span<const double> row = predictions.row(i);
    if (targets.classes.empty()) {
      const double error = row[0] - targets.numbers[i];
      squared_error_ += error * error;
      continue;
    }
    const int32_t truth = targets.classes[i];
    correct_ += std::max_element(row.begin(), row.end()) - row.begin() == truth ? 1 : 0;
    log_loss_ -= std::log(row[truth]);
  }
}

double MetricSums::Value(Metric metric) const {
  const double n = static_cast<double>(example_count_);
  if (example_count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  switch (metric) {
    case Metric::kLoss:
      return loss_ / n;
    case Metric::kAccuracy:
      return static_cast<double>(correct_) / n;
    case Metric::kZeroOneError:
      return static_cast<double>(example_count_ - correct_) / n;
    case Metric::kLogLoss:
      return log_loss_ / n;
    case Metric::kRmse:
      return std::sqrt(squared_error_ / n);
    case Metric::kTopKAccuracy:
    case Metric::kMacroF1:
    case Metric::kAuc:
    case Metric::kMae:
    case Metric::kR2:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace trainyard
