// Multiclass hinge loss. Crammer and Singer (2001)
//
//   L = max(0, 1 + f_r - f_y),   r: the class other than y with the largest output, of equal ones the first;
//   dL/df_r = 1 and dL/df_y = -1 where L > 0

#ifndef TRAINYARD_CORE_LOSS_MULTICLASS_HINGE_H_
#define TRAINYARD_CORE_LOSS_MULTICLASS_HINGE_H_

#include "core/loss/loss.h"

namespace trainyard {

struct MulticlassHingeOptions {
  friend bool operator==(const MulticlassHingeOptions&, const MulticlassHingeOptions&) = default;
};

// One output for each class.
template <typename Real>
class MulticlassHinge final : public Loss<Real> {
 public:
  explicit MulticlassHinge(int64_t class_count) : class_count_(class_count) {}

  int64_t output_count() const override { return class_count_; }
  double steepest_slope() const override { return 1; }
  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override;
  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override;
  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override;

 private:
  const int64_t class_count_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_MULTICLASS_HINGE_H_
