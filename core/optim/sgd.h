// Stochastic gradient descent. Goodfellow et al. (2016), algorithm 8.1.
//
//   theta <- theta - eps_k g        g: gradient of the minibatch's mean loss at theta

#ifndef TRAINYARD_CORE_OPTIM_SGD_H_
#define TRAINYARD_CORE_OPTIM_SGD_H_

#include "core/optim/gradient_pass.h"
#include "core/optim/optimizer.h"

namespace trainyard {

struct SgdOptions {
  friend bool operator==(const SgdOptions&, const SgdOptions&) = default;
};

template <typename Real>
class Sgd final : public Optimizer<Real> {
 public:
  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override;

 private:
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  GradientPass<Real> pass_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SGD_H_
