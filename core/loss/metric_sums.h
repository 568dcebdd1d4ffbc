// The surrogate loss and true losses of a part of the data, summed example by example.

#ifndef TRAINYARD_CORE_LOSS_METRIC_SUMS_H_
#define TRAINYARD_CORE_LOSS_METRIC_SUMS_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/loss/metric.h"

namespace trainyard {

// Rows: true classes, columns: predicted ones, both in the order of the classes.
struct ConfusionMatrix {
  std::vector<int64_t> counts;         // row by row
  std::vector<double> class_accuracy;  // share of each class that was predicted right; NaN where it has no examples

  friend bool operator==(const ConfusionMatrix&, const ConfusionMatrix&) = default;
};

// A block of examples, as the model sees them.
struct MeasuredBlock {
  double loss_sum = 0;  // Loss::Sum

  // [m, classes], the largest of a row is predicted, of equal ones the first; or the predicted numbers, [m, 1].
  MatrixView<const double> scores;

  // [m, classes]; without data where the target is a number, or the loss gives none.
  MatrixView<const double> probabilities;
  Targets targets;
};

// Sums over examples, block by block in order; every sum is a double, and its bits do not depend on where blocks begin. (The surrogate
// loss comes summed over each block.) Not thread-safe.
class MetricSums {
 public:
  // `row_count`: examples that will be added, at most.
  MetricSums(MetricPlan plan, int64_t row_count);

  const MetricPlan& plan() const { return plan_; }

  void Add(const MeasuredBlock& block);

  int64_t example_count() const { return example_count_; }

  // kLoss, or one of the plan's metrics. NaN where there are no examples, and where the metric is not defined for those that there are.
  double Value(Metric metric) const;

  // Set where the plan asks for it.
  std::optional<ConfusionMatrix> confusion_matrix() const;

 private:
  // Counts of one class.
  struct ClassCounts {
    int64_t truth = 0;
    int64_t predicted = 0;
    int64_t correct = 0;
  };

  void AddNumber(double prediction, double truth);
  void AddClass(std::span<const double> scores, int32_t truth);
  void AddLogLoss(const MeasuredBlock& block);
  void AddScores(const MeasuredBlock& block);

  double MacroF1() const;
  double Auc() const;
  double AucOf(int32_t positive, int64_t column) const;

  // Columns of `scores_`.
  int64_t score_width() const { return plan_.class_count <= 2 ? 1 : plan_.class_count; }

  MetricPlan plan_;
  bool predicts_;  // whether the plan needs the predicted class
  int64_t example_count_ = 0;
  double loss_ = 0;

  // Of classes. `confusion_` has class_count rows and columns.
  int64_t correct_ = 0;
  int64_t in_top_k_ = 0;
  double log_loss_ = 0;
  std::vector<ClassCounts> class_counts_;
  std::vector<int64_t> confusion_;

  // By example where the AUC is asked for: its class, and its score of each class; of two the second's, which is its probability or the
  // difference of scores. Probabilities go first: all scores of a softmax may be shifted without a change.
  std::vector<int32_t> classes_;
  std::vector<double> scores_;
  mutable std::optional<double> auc_;  // of the examples so far, once asked for

  // Of numbers. Squares of the distances from the running mean: Welford (1962).
  double squared_error_ = 0;
  double absolute_error_ = 0;
  double mean_ = 0;
  double squared_distance_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_METRIC_SUMS_H_
