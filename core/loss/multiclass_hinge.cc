#include "core/loss/multiclass_hinge.h"

#include <algorithm>
#include <cmath>

namespace trainyard {
namespace {

// The first class with the largest output among those that are not `truth`; one that is not a number counts as the largest.
template <typename Real>
size_t Rival(std::span<Real> row, size_t truth) {
  size_t rival = truth == 0 ? 1 : 0;
  for (size_t j = rival + 1; j < row.size(); ++j) {
    if (j != truth && (row[j] > row[rival] || std::isnan(row[j]))) rival = j;
  }
  return rival;
}

// NaN where an output is.
double LossOf(double rival, double truth) {
  const double margin = truth - rival;
  return margin >= 1 ? 0 : 1 - margin;
}

}  // namespace

template <typename Real>
double MulticlassHinge<Real>::Sum(MatrixView<const Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const size_t truth = static_cast<size_t>(targets.classes[i]);
    const std::span<const Real> row = outputs.row(i);
    total += Weighted(targets.weights[i], LossOf(row[Rival(row, truth)], row[truth]));
  }
  return total;
}

template <typename Real>
double MulticlassHinge<Real>::SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const size_t truth = static_cast<size_t>(targets.classes[i]);
    const std::span<Real> row = outputs.row(i);
    const size_t rival = Rival(row, truth);
    const double loss = LossOf(row[rival], row[truth]);
    total += Weighted(targets.weights[i], loss);
    std::fill(row.begin(), row.end(), Real(0));
    if (loss == 0) continue;
    row[rival] = static_cast<Real>(factor * targets.weights[i]);
    row[truth] = -row[rival];
  }
  return total;
}

template <typename Real>
void MulticlassHinge<Real>::Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const {
  this->Scores(outputs, predictions);
}

template class MulticlassHinge<float>;
template class MulticlassHinge<double>;

}  // namespace trainyard
