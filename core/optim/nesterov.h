// SGD with Nesterov momentum. Sutskever et al. (2013); Goodfellow et al. (2016), algorithm 8.3.
//
//   g <- gradient of the minibatch's mean loss at theta + alpha_k v   (a true look-ahead evaluation, not the change of variables)
//   v <- alpha_k v - eps_k g
//   theta <- theta + v                                                v_0 = 0

#ifndef TRAINYARD_CORE_OPTIM_NESTEROV_H_
#define TRAINYARD_CORE_OPTIM_NESTEROV_H_

#include <optional>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/optim/gradient_pass.h"
#include "core/optim/momentum_schedule.h"
#include "core/optim/optimizer.h"

namespace trainyard {

struct NesterovOptions {
  // alpha: the share of the last velocity that is kept, in [0, 1). 0 is plain SGD.
  double momentum = 0.9;

  // How alpha_k rises to it; nullopt: alpha throughout.
  std::optional<MomentumScheduleOptions> schedule;

  friend bool operator==(const NesterovOptions&, const NesterovOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const NesterovOptions& options);

template <typename Real>
class Nesterov final : public Optimizer<Real> {
 public:
  explicit Nesterov(int64_t dimension) : velocity_(dimension), ahead_(dimension) {}

  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override;
  std::vector<OptimizerArray> state() override;

 private:
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  GradientPass<Real> pass_;
  AlignedVector<Real> velocity_;
  AlignedVector<Real> ahead_;  // theta + alpha v, left by each update,
  std::optional<double>
      ahead_of_;  // with this alpha; nullopt: to be computed, since state and theta may have been written
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_NESTEROV_H_
