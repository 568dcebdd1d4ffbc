// Losses of one number.
//
//   L = rho(f, y)

#ifndef TRAINYARD_CORE_LOSS_NUMBER_LOSS_H_
#define TRAINYARD_CORE_LOSS_NUMBER_LOSS_H_

#include <vector>

#include "core/loss/loss.h"

namespace trainyard {

// Rho: Value(f, y), Slope(f, y) = d Value / df, Number(f), what is predicted, and BestConstant(targets), see Loss; kSmallestTarget where targets have a least value. Value
// gives NaN for NaN; SteepestSlope(), where |Slope| has a bound.
template <typename Real, typename Rho>
class NumberLoss final : public Loss<Real> {
 public:
  explicit NumberLoss(Rho rho) : rho_(rho) {}

  int64_t output_count() const override { return 1; }

  double smallest_target() const override {
    if constexpr (requires { Rho::kSmallestTarget; }) return Rho::kSmallestTarget;
    return Loss<Real>::smallest_target();
  }

  double steepest_slope() const override {
    if constexpr (requires { rho_.SteepestSlope(); }) return rho_.SteepestSlope();
    return Loss<Real>::steepest_slope();
  }

  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override {
    double total = 0;
    for (int64_t i = 0; i < outputs.rows; ++i) {
      total += Weighted(targets.weights[i], rho_.Value(outputs(i, 0), targets.numbers[i]));
    }
    return total;
  }

  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override {
    double total = 0;
    for (int64_t i = 0; i < outputs.rows; ++i) {
      const double f = outputs(i, 0);
      total += Weighted(targets.weights[i], rho_.Value(f, targets.numbers[i]));
      outputs(i, 0) = static_cast<Real>(Weighted(factor * targets.weights[i], rho_.Slope(f, targets.numbers[i])));
    }
    return total;
  }

  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override {
    for (int64_t i = 0; i < outputs.rows; ++i) predictions(i, 0) = rho_.Number(outputs(i, 0));
  }

  absl::StatusOr<std::vector<double>> BestConstant(const Targets& targets) const override {
    return std::vector<double>{rho_.BestConstant(targets)};
  }

 private:
  const Rho rho_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_NUMBER_LOSS_H_
