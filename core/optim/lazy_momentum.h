// Momentum and Nesterov momentum at the cost of a sparse gradient's inputs.
//
// A weight that the data's gradient does not reach moves by a linear rule that is the same for all such weights,
//
//   (theta, v) <- M (theta, v),   M = (1 - eta   a)      eta = eps_k scale l2;   a = alpha for momentum, (1 - eta) alpha for Nesterov's
//                                     ( - eta    a)
//
// so it is left alone until a minibatch reads it, and then moved by M^n for the n steps that it missed. That is exact but for rounding.
// Where M changes (another alpha; with l2 also another rate or scale) all weights are brought up to date first, in one pass over them. So a
// constant momentum costs the non-zeros whatever the schedule of the rate, and l2 does at a constant rate.
//
// With l2 the gradient's norm and the penalty need |W|^2: three running sums, of theta^2, theta v and v^2, follow M in double and are
// summed anew at each pass over all weights, at least every 65,536 steps; between those they are exact but for rounding.
//
// Plain SGD is momentum with alpha = 0.

#ifndef TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_
#define TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/optim/linear_powers.h"
#include "core/optim/optimizer.h"

namespace trainyard {

// Where the gradient is taken: at theta, or at theta + alpha v.
enum class GradientPoint { kHere, kAhead };

template <typename Real>
class LazyMomentum final : public Optimizer<Real> {
 public:
  // `l2`: that of the gradients to come. Their objectives have sparse gradients and a Support, and no l1, decay or, with l2, limit.
  LazyMomentum(GradientPoint gradient_point, int64_t input_count, int64_t units, double l2);

  // After UNAVAILABLE or an error, parameters and state are as before but for rounding.
  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override;
  void Materialize(std::span<Real> theta) const override;
  std::vector<OptimizerArray> state() override;

 private:
  // Of weights, at step `now`.
  struct Sums {
    double tt = 0;
    double tv = 0;
    double vv = 0;

    void Add(double theta, double v, double sign) {
      tt += sign * theta * theta;
      tv += sign * theta * v;
      vv += sign * v * v;
    }
    void Move(const LinearStep& step);
  };
  struct State {
    int64_t now = 0;  // steps made
    LinearStep step;  // of the weights that were not reached, since they were last up to date
    Sums sums;
  };

  void Begin(std::span<const Real> theta);
  void CatchUp(int64_t input);
  void CatchUpAll();
  Sums SumAll() const;
  double SquaredWeights(double alpha) const;
  void LookAhead(std::span<const uint32_t> support, Real alpha);
  void Apply(const StepRates& rates, const SparseGradient<Real>& gradient);

  // Moves `units` parameters from `begin` on, whose d is `values`.
  void Move(int64_t begin, const Real* values, const StepRates& rates, const Pending& pending);

  const GradientPoint gradient_point_;
  const int64_t input_count_;
  const int64_t units_;
  const double l2_;

  AlignedVector<Real> position_;
  AlignedVector<Real> velocity_;
  AlignedVector<Real> ahead_;       // theta + alpha v at the support; empty for GradientPoint::kHere
  std::vector<int64_t> caught_up_;  // by input: the step at which its position and velocity are those of the run
  State state_;

  const LinearPowers& powers() const;
  mutable LinearStep powers_of_;  // state_.step, but after the state was restored
  mutable LinearPowers powers_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_
