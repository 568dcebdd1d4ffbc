// Squared loss for numbers.
//
//   L = (1/2) (f - y)^2,   dL/df = f - y

#ifndef TRAINYARD_CORE_LOSS_SQUARED_H_
#define TRAINYARD_CORE_LOSS_SQUARED_H_

#include "core/loss/loss.h"

namespace trainyard {

struct SquaredOptions {
  friend bool operator==(const SquaredOptions&, const SquaredOptions&) = default;
};

template <typename Real>
class Squared final : public Loss<Real> {
 public:
  int64_t output_count() const override { return 1; }
  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override;
  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override;
  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override;
  absl::StatusOr<std::vector<double>> BestConstant(const Targets& targets) const override;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SQUARED_H_
