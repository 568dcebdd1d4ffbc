// Momentum and Nesterov momentum at the cost of a sparse gradient's inputs.
//
// A weight that the data's gradient does not reach moves by a linear rule that is the same for all such weights,
//
//   (theta, v) <- M_k (theta, v),   M_k = (1 - eta - delta   a)      eta = eps_k scale l2, delta = eps_k decay;
//                                         (    - eta         a)      a = alpha_k for momentum, (1 - eta) alpha_k for Nesterov's
//
// so it is left alone until a minibatch reads it, and then moved by the product of the M_k of the steps that it missed, which is exact but
// for rounding. A constant alpha without l2 and decay is one M for the whole run, whatever the schedule of the rate; a schedule of alpha,
// or of the rate with l2 or decay, or clipping by norm with l2, gives many. As many as a 64th of the inputs are kept (64 at least); then
// all weights are brought up to date in one pass over them. So a step costs its minibatch's inputs and, at most, 64 more on average.
//
// With l2 the gradient's norm and the penalty need |W|^2: three running sums, of theta^2, theta v and v^2, follow M in double and are
// summed anew at each pass over all weights, at least every 65,536 steps; between those they are exact but for rounding.
//
// Plain SGD with l2 or decay is momentum with alpha = 0.

#ifndef TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_
#define TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/optim/coasting.h"
#include "core/optim/lazy_weights.h"
#include "core/optim/linear_history.h"
#include "core/optim/optimizer.h"

namespace trainyard {

enum class LazyRule { kSgd, kMomentum, kNesterov };

template <typename Real>
class LazyMomentum final : public Optimizer<Real> {
 public:
  // `l2`: that of the gradients to come. Their objectives have sparse gradients and a Support, and no l1 or, with l2, limit.
  LazyMomentum(LazyRule rule, int64_t input_count, int64_t units, double l2);

  // After UNAVAILABLE or an error, parameters and state are as before.
  absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) override;
  void Materialize(std::span<Real> theta) const override;

  // `velocity`, which the other rules have as well, is that after the last step. Written before the first step, it is where the run begins;
  // from then on it only tells.
  std::vector<OptimizerArray> state() override;

 private:
  // Of weights, after the last step.
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

  // Calls visit(j, theta_j, v_j) for each weight, after the last step.
  template <typename Visit>
  void VisitWeights(Visit visit) const;

  void Begin(std::span<const Real> theta);

  // Reads the weights of the support, brought up to date, behind those that are known. And those of one input.
  void Read(const Support& support);
  void ReadOne(int64_t input, Real* positions, Real* velocities) const;
  void CatchUpAll();
  Sums SumAll() const;
  double SquaredWeights(double alpha) const;
  void LookAhead(Real alpha);
  void Apply(const StepRates& rates, const SparseGradient<Real>& gradient);

  // Moves the weights that were read, of the gradient's inputs, and writes them back, `step` steps behind them.
  void MoveInputs(const StepRates& rates, const SparseGradient<Real>& gradient, int64_t step);

  // Moves `count` parameters, whose d is `values`.
  void Move(int64_t count, const Real* values, const StepRates& rates, const Pending& pending, Real* positions,
            Real* velocities) const;

  const LazyRule rule_;
  const int64_t input_count_;
  const int64_t units_;
  const double l2_;

  LazyWeights<Real> weights_;
  AlignedVector<Real> bias_positions_;
  AlignedVector<Real> bias_velocities_;
  AlignedVector<Real> told_velocity_;  // of all parameters; not of plain SGD

  // Of the minibatch's inputs, [support, units], after the last step; and theta + alpha v of Nesterov's.
  std::vector<Real> positions_;
  std::vector<Real> velocities_;
  std::vector<Real> ahead_;
  std::vector<Real> biases_ahead_;

  LinearHistory history_;  // of weights that were not reached
  Coasting<Real> coasting_;
  Sums sums_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LAZY_MOMENTUM_H_
