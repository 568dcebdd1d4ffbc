// A network put to use: predictions and true losses, block by block.

#ifndef TRAINYARD_CORE_MODEL_EVALUATOR_H_
#define TRAINYARD_CORE_MODEL_EVALUATOR_H_

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/data/encoding.h"
#include "core/loss/loss.h"
#include "core/loss/metric_sums.h"
#include "core/model/example_block.h"
#include "core/model/output_pass.h"

namespace trainyard {

// Not thread-safe.
template <typename Real>
class Evaluator {
 public:
  // Both must outlive this. `class_count` 0: the target is a number.
  Evaluator(const ParameterLayout& layout, const Loss<Real>& loss, int64_t class_count);

  // Columns of a prediction: the classes, or 1.
  int64_t prediction_width() const { return std::max<int64_t>(class_count_, 1); }

  // Writes one prediction for each of `rows`, at most kBlockRows of them, and its scores where there are classes: [rows, prediction_width].
  void Predict(std::span<const Real> theta, const RowEncoder& encoder, std::span<const uint32_t> rows,
               MatrixView<double> predictions, MatrixView<double> scores);

  // Adds `rows`, at most kBlockRows of them, to the sums.
  void Measure(std::span<const Real> theta, const RowEncoder& encoder, std::span<const uint32_t> rows,
               MetricSums& sums);

 private:
  const Loss<Real>& loss_;
  const int64_t class_count_;
  OutputPass<Real> pass_;
  TargetBlock targets_;
  std::vector<double> predictions_;
  std::vector<double> scores_;  // by class
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_EVALUATOR_H_
