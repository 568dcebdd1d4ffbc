// Logistic loss: maximum likelihood for two classes with one output, the log odds of the positive class, in nats.
//
//   L = log(1 + e^-z),   z = y f,   y = +1 for the positive class, -1 for the other;   dL/df = -y / (1 + e^z)

#ifndef TRAINYARD_CORE_LOSS_LOGISTIC_H_
#define TRAINYARD_CORE_LOSS_LOGISTIC_H_

#include <optional>
#include <string>

#include "core/loss/loss.h"

namespace trainyard {

struct LogisticOptions {
  // Default: the second class.
  std::optional<std::string> positive_class;

  friend bool operator==(const LogisticOptions&, const LogisticOptions&) = default;
};

template <typename Real>
class Logistic final : public Loss<Real> {
 public:
  // `positive`: 0 or 1, the index of the class with y = +1.
  explicit Logistic(int32_t positive) : positive_(positive) {}

  int64_t output_count() const override { return 1; }
  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override;
  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override;
  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override;
  absl::StatusOr<std::vector<double>> BestConstant(const Targets& targets) const override;

 private:
  const int32_t positive_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_LOGISTIC_H_
