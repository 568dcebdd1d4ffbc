// Binary surrogates of the zero-one error: functions of the margin alone.
//
//   L = phi(z),   z = y f,   y = +1 for the positive class, -1 for the other;   dL/df = y phi'(z)

#ifndef TRAINYARD_CORE_LOSS_MARGIN_LOSS_H_
#define TRAINYARD_CORE_LOSS_MARGIN_LOSS_H_

#include <vector>

#include "core/loss/best_constant.h"
#include "core/loss/loss.h"

namespace trainyard {

// Phi: Value(z) and Slope(z), its derivative; Probability(f) of the positive class, where phi is a likelihood; kShareOfLogOdds, where that
// share of the log odds of the positive class is the best constant output; kSteepestSlope, where |Slope| has a bound; ValueAndSlope(z, slope),
// where that costs less than both. Each gives NaN for NaN, but for Slope.
template <typename Real, typename Phi>
class MarginLoss final : public Loss<Real> {
 public:
  // `positive`: 0 or 1, the index of the class with y = +1.
  explicit MarginLoss(int32_t positive) : positive_(positive) {}

  int64_t output_count() const override { return 1; }
  bool probabilistic() const override { return kProbabilistic; }
  double steepest_slope() const override {
    if constexpr (requires { Phi::kSteepestSlope; }) return Phi::kSteepestSlope;
    return Loss<Real>::steepest_slope();
  }

  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override {
    double total = 0;
    for (int64_t i = 0; i < outputs.rows; ++i) {
      total += Weighted(targets.weights[i], Phi::Value(Sign(targets.classes[i]) * outputs(i, 0)));
    }
    return total;
  }

  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override {
    double total = 0;
    for (int64_t i = 0; i < outputs.rows; ++i) {
      const double y = Sign(targets.classes[i]);
      const double z = y * outputs(i, 0);
      double slope;
      total += Weighted(targets.weights[i], ValueAndSlope(z, slope));
      outputs(i, 0) = static_cast<Real>(Weighted(factor * targets.weights[i] * y, slope));
    }
    return total;
  }

  // f for the positive class, -f for the other.
  void Scores(MatrixView<const Real> outputs, MatrixView<double> scores) const override {
    for (int64_t i = 0; i < outputs.rows; ++i) {
      const double f = outputs(i, 0);
      scores(i, positive_) = f;
      scores(i, 1 - positive_) = -f;
    }
  }

  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override {
    Scores(outputs, predictions);
    if constexpr (kProbabilistic) {
      for (int64_t i = 0; i < outputs.rows; ++i) {
        for (double& p : predictions.row(i)) p = Phi::Probability(p);
      }
    }
  }

  absl::StatusOr<std::vector<double>> BestConstant(const Targets& targets) const override {
    if constexpr (requires { Phi::kShareOfLogOdds; }) {
      return std::vector<double>{Phi::kShareOfLogOdds * LogOdds(targets, positive_)};
    } else {
      return Loss<Real>::BestConstant(targets);
    }
  }

 private:
  static constexpr double kSigns[] = {-1, 1};
  static constexpr bool kProbabilistic = requires(double f) { Phi::Probability(f); };

  static double ValueAndSlope(double z, double& slope) {
    if constexpr (requires { Phi::ValueAndSlope(z, slope); }) {
      return Phi::ValueAndSlope(z, slope);
    } else {
      slope = Phi::Slope(z);
      return Phi::Value(z);
    }
  }

  double Sign(int32_t truth) const { return kSigns[truth == positive_]; }

  const int32_t positive_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_MARGIN_LOSS_H_
