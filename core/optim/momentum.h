// SGD with momentum (heavy ball). Polyak (1964); Goodfellow et al. (2016), algorithm 8.2.
//
//   v <- alpha_k v - eps_k g
//   theta <- theta + v              g: gradient of the minibatch's mean loss at theta;  v_0 = 0

#ifndef TRAINYARD_CORE_OPTIM_MOMENTUM_H_
#define TRAINYARD_CORE_OPTIM_MOMENTUM_H_

#include <optional>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/optim/gradient_pass.h"
#include "core/optim/momentum_schedule.h"
#include "core/optim/optimizer.h"

namespace trainyard {

struct MomentumOptions {
  // alpha: the share of the last velocity that is kept, in [0, 1). 0 is plain SGD.
  double momentum = 0.9;

  // How alpha_k rises to it; nullopt: alpha throughout.
  std::optional<MomentumScheduleOptions> schedule;

  friend bool operator==(const MomentumOptions&, const MomentumOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const MomentumOptions& options);

template <typename Real>
class Momentum final : public Optimizer<Real> {
 public:
  explicit Momentum(int64_t dimension) : velocity_(dimension) {}

  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override;
  std::vector<OptimizerArray> state() override;

 private:
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  GradientPass<Real> pass_;
  AlignedVector<Real> velocity_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MOMENTUM_H_
