#include "core/loss/logistic.h"

#include <cmath>

#include "core/loss/best_constant.h"

namespace trainyard {
namespace {

// log(1 + e^-z) without overflow.
double LogOnePlusExpMinus(double z) { return z > 0 ? std::log1p(std::exp(-z)) : std::log1p(std::exp(z)) - z; }

// 1 / (1 + e^-z) without overflow.
double Sigmoid(double z) {
  const double e = std::exp(-std::abs(z));
  return z > 0 ? 1 / (1 + e) : e / (1 + e);
}

}  // namespace

template <typename Real>
double Logistic<Real>::Sum(MatrixView<const Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const double y = targets.classes[i] == positive_ ? 1 : -1;
    total += targets.weights[i] * LogOnePlusExpMinus(y * outputs(i, 0));
  }
  return total;
}

template <typename Real>
double Logistic<Real>::SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const {
  double total = 0;
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const double y = targets.classes[i] == positive_ ? 1 : -1;
    const double z = y * outputs(i, 0);
    total += targets.weights[i] * LogOnePlusExpMinus(z);
    outputs(i, 0) = static_cast<Real>(factor * targets.weights[i] * -y * Sigmoid(-z));
  }
  return total;
}

template <typename Real>
void Logistic<Real>::Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const {
  for (int64_t i = 0; i < outputs.rows; ++i) {
    const double f = outputs(i, 0);
    predictions(i, positive_) = Sigmoid(f);
    predictions(i, 1 - positive_) = Sigmoid(-f);
  }
}

template <typename Real>
absl::StatusOr<std::vector<double>> Logistic<Real>::BestConstant(const Targets& targets) const {
  return std::vector<double>{LogOdds(targets, positive_)};
}

template class Logistic<float>;
template class Logistic<double>;

}  // namespace trainyard
