#include "core/loss/squared.h"

#include "core/loss/best_constant.h"

namespace trainyard {

template <typename Real>
double Squared<Real>::Sum(MatrixView<const Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const double error = outputs(i, 0) - targets.numbers[i];
    total += targets.weights[i] * 0.5 * error * error;
  }
  return total;
}

template <typename Real>
double Squared<Real>::SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const double error = outputs(i, 0) - targets.numbers[i];
    total += targets.weights[i] * 0.5 * error * error;
    outputs(i, 0) = static_cast<Real>(factor * targets.weights[i] * error);
  }
  return total;
}

template <typename Real>
void Squared<Real>::Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const {
  for (int64_t i = 0; i < outputs.rows; ++i) predictions(i, 0) = outputs(i, 0);
}

template <typename Real>
absl::StatusOr<std::vector<double>> Squared<Real>::BestConstant(const Targets& targets) const {
  return std::vector<double>{Mean(targets)};
}

template class Squared<float>;
template class Squared<double>;

}  // namespace trainyard
