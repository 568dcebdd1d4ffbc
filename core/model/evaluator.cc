#include "core/model/evaluator.h"

namespace trainyard {

template <typename Real>
Evaluator<Real>::Evaluator(const ParameterLayout& layout, const Loss<Real>& loss, int64_t class_count)
    : loss_(loss),
      class_count_(class_count),
      pass_(layout),
      targets_(kBlockRows, class_count > 0 ? ColumnType::kCategorical : ColumnType::kNumeric),
      predictions_(kBlockRows * prediction_width()),
      scores_(class_count > 0 ? kBlockRows * class_count : 0) {}

template <typename Real>
void Evaluator<Real>::Predict(std::span<const Real> theta, const RowEncoder& encoder, std::span<const uint32_t> rows,
                              MatrixView<double> predictions, MatrixView<double> scores) {
  const MatrixView<Real> outputs = pass_.Forward(theta, encoder, rows);
  loss_.Predict(outputs, predictions);
  if (class_count_ > 0) loss_.Scores(outputs, scores);
}

template <typename Real>
void Evaluator<Real>::Measure(std::span<const Real> theta, const RowEncoder& encoder, std::span<const uint32_t> rows,
                              MetricSums& sums) {
  const int64_t count = static_cast<int64_t>(rows.size());
  const TargetBuffer targets = targets_.First(count);
  encoder.EncodeTargets(rows, targets);
  const MatrixView<Real> outputs = pass_.Forward(theta, encoder, rows);
  const MatrixView<double> predictions = {predictions_.data(), count, prediction_width(), prediction_width()};
  MeasuredBlock block{.loss_sum = loss_.Sum(outputs, targets), .scores = predictions, .targets = targets};
  if (class_count_ == 0 || sums.plan().UsesProbabilities()) loss_.Predict(outputs, predictions);
  if (class_count_ > 0) {
    const MatrixView<double> scores = {scores_.data(), count, class_count_, class_count_};
    loss_.Scores(outputs, scores);
    block.scores = scores;
    if (loss_.probabilistic()) block.probabilities = predictions;
  }
  sums.Add(block);
}

template class Evaluator<float>;
template class Evaluator<double>;

}  // namespace trainyard
