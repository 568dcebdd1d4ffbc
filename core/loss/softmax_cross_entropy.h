// Softmax cross-entropy: maximum likelihood for classes, in nats.
//
//   L = -log p_y,   p = softmax(f),   dL/df_j = p_j - [j = y]

#ifndef TRAINYARD_CORE_LOSS_SOFTMAX_CROSS_ENTROPY_H_
#define TRAINYARD_CORE_LOSS_SOFTMAX_CROSS_ENTROPY_H_

#include "core/kernel/kernels.h"
#include "core/loss/loss.h"

namespace trainyard {

struct SoftmaxCrossEntropyOptions {
  friend bool operator==(const SoftmaxCrossEntropyOptions&, const SoftmaxCrossEntropyOptions&) = default;
};

// One output for each class.
template <typename Real>
class SoftmaxCrossEntropy final : public Loss<Real> {
 public:
  explicit SoftmaxCrossEntropy(int64_t class_count) : class_count_(class_count) {}

  int64_t output_count() const override { return class_count_; }
  bool probabilistic() const override { return true; }
  double steepest_slope() const override { return 1; }
  double Sum(MatrixView<const Real> outputs, const Targets& targets) const override;
  double SumAndGradient(double factor, MatrixView<Real> outputs, const Targets& targets) const override;
  void Predict(MatrixView<const Real> outputs, MatrixView<double> predictions) const override;
  absl::StatusOr<std::vector<double>> BestConstant(const Targets& targets) const override;

 private:
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  const int64_t class_count_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_LOSS_SOFTMAX_CROSS_ENTROPY_H_
