#include "core/loss/softmax_cross_entropy.h"

#include <algorithm>

#include "core/loss/best_constant.h"
#include "core/loss/exp.h"

namespace trainyard {

template <typename Real>
double SoftmaxCrossEntropy<Real>::Sum(MatrixView<const Real> outputs, const Targets& targets) const {
  std::vector<Real> gradient(static_cast<size_t>(outputs.rows * outputs.columns));
  const MatrixView<Real> copy = {gradient.data(), outputs.rows, outputs.columns, outputs.columns};
  for (int64_t i = 0; i < outputs.rows; ++i) std::copy_n(outputs.row(i).begin(), outputs.columns, copy.row(i).begin());
  return SumAndGradient(1, copy, targets);
}

template <typename Real>
double SoftmaxCrossEntropy<Real>::SumAndGradient(double factor, MatrixView<Real> outputs,
                                                 const Targets& targets) const {
  return kernels_.softmax_cross_entropy(static_cast<Real>(factor), outputs, targets.classes, targets.weights);
}

template <typename Real>
void SoftmaxCrossEntropy<Real>::Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const {
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const std::span<const Real> row = outputs.row(i);
    const double maximum = *std::max_element(row.begin(), row.end());
    double sum = 0;
    for (int64_t j = 0; j < outputs.columns; ++j) {
      predictions(i, j) = Exp(static_cast<double>(row[j]) - maximum);
      sum += predictions(i, j);
    }
    for (double& probability : predictions.row(i)) probability /= sum;
  }
}

template <typename Real>
absl::StatusOr<std::vector<double>> SoftmaxCrossEntropy<Real>::BestConstant(const Targets& targets) const {
  return LogFrequencies(targets, class_count_);
}

template class SoftmaxCrossEntropy<float>;
template class SoftmaxCrossEntropy<double>;

}  // namespace trainyard
