// Keeps the last finite parameters of a run whose next update may overflow.
//
// No parameter moves by more than max |v_{k+1}| <= alpha max |v_k| + eps_k max |g|, beside its decay by 1 - eps_k lambda: two
// numbers, carried along, say that an update can't overflow. Only where they do not, in a run that diverges, the parameters are copied before
// they move. The same numbers bound the point at which a gradient is taken.

#ifndef TRAINYARD_CORE_TRAIN_OVERFLOW_GUARD_H_
#define TRAINYARD_CORE_TRAIN_OVERFLOW_GUARD_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/base/objective.h"
#include "core/base/squared_norm.h"
#include "core/base/status.h"
#include "core/kernel/kernels.h"
#include "core/model/dataset_objective.h"
#include "core/optim/optimizer.h"

namespace trainyard {

// Updates that a run has made, as Checkpoint has them.
struct UpdatesMade {
  int64_t step = 0;
  int64_t clipped_steps = 0;
  int64_t clipped_step = -1;
};

template <typename Real>
class OverflowGuard {
 public:
  struct Finite {
    UpdatesMade made;
    std::vector<Real> parameters;
  };

  // `velocity` may be empty. `decay`: lambda of decoupled decay.
  void Begin(std::span<const Real> theta, std::span<const Real> velocity, double decay) {
    decay_ = decay;
    position_bound_ = LargestMagnitude(theta);
    velocity_bound_ = LargestMagnitude(velocity);
    measured_ = position_bound_;
  }

  // At least the magnitude of every element of theta + alpha v, alpha in [0, 1]. Where the bound is beyond `wanted` and has lost touch with
  // theta, it is measured anew.
  double PointBound(absl::FunctionRef<std::span<const Real>()> parameters, double wanted) {
    if (position_bound_ + velocity_bound_ > wanted && position_bound_ > 2 * measured_) {
      position_bound_ = LargestMagnitude(parameters());
      measured_ = position_bound_;
    }
    return position_bound_ + velocity_bound_;
  }

  // To be called before the parameters move. `parameters` gives them, after `made`; `gradient_bound`: of every element's magnitude.
  void BeforeMove(absl::FunctionRef<std::span<const Real>()> parameters, const UpdatesMade& made,
                  const StepRates& rates, double gradient_bound) {
    gradient_bound_ = gradient_bound;
    const double velocity = VelocityAfter(rates, gradient_bound);
    if (PositionAfter(rates, velocity) < kSafe) return;
    const std::span<const Real> theta = parameters();
    position_bound_ = LargestMagnitude(theta);
    measured_ = position_bound_;
    if (!std::isfinite(position_bound_)) return;  // an overflow that no step has met yet
    last_finite_.made = made;
    last_finite_.parameters.assign(theta.begin(), theta.end());
  }

  // To be called after they have moved; `gradient_norm`: the 2-norm, which bounds elements better than what was known before.
  void AfterMove(const StepRates& rates, double gradient_norm) {
    velocity_bound_ = VelocityAfter(rates, std::min(LargestOfNorm(gradient_norm), gradient_bound_));
    position_bound_ = PositionAfter(rates, velocity_bound_);
  }

  // Where theta is not finite, what it was before the move that made it so; null where it is, or that move is not known.
  const Finite* LastFinite(std::span<const Real> theta) const {
    return last_finite_.parameters.empty() || IsFinite(theta) ? nullptr : &last_finite_;
  }
  void SetLastFinite(Finite last_finite) { last_finite_ = std::move(last_finite); }

  static bool IsFinite(std::span<const Real> theta) { return std::isfinite(LargestMagnitude(theta)); }

 private:
  static constexpr double kSafe = std::numeric_limits<Real>::max() / 16;  // room for the rounding of the bounds

  static double LargestMagnitude(std::span<const Real> x) {
    const int64_t size = static_cast<int64_t>(x.size());
    return static_cast<double>(BestKernels<Real>().largest_magnitude({x.data(), 1, size, size}));
  }

  double VelocityAfter(const StepRates& rates, double gradient_bound) const {
    return rates.momentum * velocity_bound_ + rates.learning_rate * gradient_bound;
  }
  double PositionAfter(const StepRates& rates, double velocity_bound) const {
    return position_bound_ * std::max(1.0, rates.learning_rate * decay_ - 1) + velocity_bound;
  }

  double decay_ = 0;
  double position_bound_ = 0;
  double velocity_bound_ = 0;
  double gradient_bound_ = 0;
  double measured_ = 0;  // the position when it was last looked at
  Finite last_finite_;   // before the last move that may have overflowed
};

// The objective of one step, with the guard told before theta moves.
template <typename Real>
class GuardedObjective final : public Objective<Real> {
 public:
  // All must outlive this.
  GuardedObjective(DatasetObjective<Real>& objective, OverflowGuard<Real>& guard, const Optimizer<Real>& optimizer,
                   std::span<Real> theta, const UpdatesMade& made, const StepRates& rates)
      : objective_(objective), guard_(guard), optimizer_(optimizer), theta_(theta), made_(made), rates_(rates) {}

  int64_t dimension() const override { return objective_.dimension(); }
  double Value(std::span<const Real> point) override { return objective_.Value(point); }
  absl::Status Gradient(std::span<const Real> point, absl::FunctionRef<void(const GradientView<Real>&)> use) override {
    return Guarded<GradientView<Real>>([&](auto guarded) { return objective_.Gradient(point, guarded); }, use);
  }
  std::optional<Support> NextSupport() override { return objective_.NextSupport(); }
  absl::Status GradientAtSupport(const SupportPoint<Real>& point,
                                 absl::FunctionRef<void(const SparseGradient<Real>&)> use) override {
    return Guarded<SparseGradient<Real>>([&](auto guarded) { return objective_.GradientAtSupport(point, guarded); },
                                         use);
  }
  void TellSquaredWeights(double squares) override { objective_.TellSquaredWeights(squares); }

 private:
  // take(use) takes a gradient and calls `use` before theta moves.
  template <typename View, typename Take>
  absl::Status Guarded(Take take, absl::FunctionRef<void(const View&)> use) {
    const auto parameters = [this]() -> std::span<const Real> {
      optimizer_.Materialize(theta_);
      return theta_;
    };
    objective_.TellPointBound(guard_.PointBound(parameters, objective_.safe_point_bound()));
    RETURN_IF_ERROR(take([&](const View& view) {
      guard_.BeforeMove(parameters, made_, rates_, objective_.gradient_bound());
      use(view);
    }));
    guard_.AfterMove(rates_, objective_.gradient_norm());
    return absl::OkStatus();
  }

  DatasetObjective<Real>& objective_;
  OverflowGuard<Real>& guard_;
  const Optimizer<Real>& optimizer_;
  const std::span<Real> theta_;
  const UpdatesMade made_;
  const StepRates& rates_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_OVERFLOW_GUARD_H_
