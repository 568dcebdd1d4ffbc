#include "core/optim/lazy_momentum.h"

#include <algorithm>
#include <variant>

#include "core/optim/gradient_pass.h"

namespace trainyard {
namespace {

constexpr int64_t kStepsBetweenSums = 65'536;

LinearStep UnreachedStep(GradientPoint point, const StepRates& rates, const Pending& pending) {
  const double eta = rates.learning_rate * pending.scale * pending.l2;
  const double a = point == GradientPoint::kAhead ? (1 - eta) * rates.momentum : rates.momentum;
  return {.tt = 1 - eta, .tv = a, .vt = -eta, .vv = a};
}

}  // namespace

template <typename Real>
void LazyMomentum<Real>::Sums::Move(const LinearStep& m) {
  *this = {.tt = m.tt * m.tt * tt + 2 * m.tt * m.tv * tv + m.tv * m.tv * vv,
           .tv = m.tt * m.vt * tt + (m.tt * m.vv + m.tv * m.vt) * tv + m.tv * m.vv * vv,
           .vv = m.vt * m.vt * tt + 2 * m.vt * m.vv * tv + m.vv * m.vv * vv};
}

template <typename Real>
LazyMomentum<Real>::LazyMomentum(GradientPoint gradient_point, int64_t input_count, int64_t units, double l2)
    : gradient_point_(gradient_point),
      input_count_(input_count),
      units_(units),
      l2_(l2),
      position_(static_cast<size_t>((input_count + 1) * units)),
      velocity_(position_.size()),
      ahead_(gradient_point == GradientPoint::kAhead ? position_.size() : 0),
      caught_up_(static_cast<size_t>(input_count)),
      powers_(LinearStep()) {}

template <typename Real>
const LinearPowers& LazyMomentum<Real>::powers() const {
  if (powers_of_ != state_.step) powers_.Set(powers_of_ = state_.step);
  return powers_;
}

template <typename Real>
void LazyMomentum<Real>::Begin(std::span<const Real> theta) {
  std::copy(theta.begin(), theta.end(), position_.begin());
  if (l2_ > 0) state_.sums = SumAll();
}

template <typename Real>
void LazyMomentum<Real>::CatchUp(int64_t input) {
  const int64_t missed = state_.now - caught_up_[input];
  if (missed == 0) return;
  caught_up_[input] = state_.now;
  const LinearStep power = powers().At(missed);
  for (int64_t j = input * units_; j < (input + 1) * units_; ++j) {
    const double theta = position_[j];
    const double v = velocity_[j];
    position_[j] = static_cast<Real>(power.tt * theta + power.tv * v);
    velocity_[j] = static_cast<Real>(power.vt * theta + power.vv * v);
  }
}

template <typename Real>
void LazyMomentum<Real>::CatchUpAll() {
  for (int64_t input = 0; input < input_count_; ++input) CatchUp(input);
  if (l2_ > 0) state_.sums = SumAll();
}

template <typename Real>
typename LazyMomentum<Real>::Sums LazyMomentum<Real>::SumAll() const {
  Sums sums;
  for (int64_t input = 0; input < input_count_; ++input) {
    const LinearStep power = powers().At(state_.now - caught_up_[input]);
    for (int64_t j = input * units_; j < (input + 1) * units_; ++j) {
      const double theta = position_[j];
      const double v = velocity_[j];
      sums.Add(power.tt * theta + power.tv * v, power.vt * theta + power.vv * v, 1);
    }
  }
  return sums;
}

template <typename Real>
void LazyMomentum<Real>::Materialize(std::span<Real> theta) const {
  if (state_.now == 0) return;
  for (int64_t input = 0; input < input_count_; ++input) {
    const LinearStep power = powers().At(state_.now - caught_up_[input]);
    for (int64_t j = input * units_; j < (input + 1) * units_; ++j) {
      theta[j] = static_cast<Real>(power.tt * static_cast<double>(position_[j]) +
                                   power.tv * static_cast<double>(velocity_[j]));
    }
  }
  const int64_t biases = input_count_ * units_;
  std::copy(position_.begin() + biases, position_.end(), theta.begin() + biases);
}

template <typename Real>
double LazyMomentum<Real>::SquaredWeights(double alpha) const {
  const Sums& sums = state_.sums;
  if (gradient_point_ == GradientPoint::kHere) return std::max(sums.tt, 0.0);
  return std::max(sums.tt + 2 * alpha * sums.tv + alpha * alpha * sums.vv, 0.0);
}

template <typename Real>
void LazyMomentum<Real>::LookAhead(std::span<const uint32_t> support, Real alpha) {
  const auto look = [&](int64_t begin) {
    for (int64_t j = begin; j < begin + units_; ++j) ahead_[j] = position_[j] + alpha * velocity_[j];
  };
  for (const uint32_t input : support) look(input * units_);
  look(input_count_ * units_);
}

template <typename Real>
absl::Status LazyMomentum<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  if (state_.now == 0) Begin(theta);
  const std::span<const uint32_t> support = *objective.Support();
  for (const uint32_t input : support) CatchUp(input);
  if (gradient_point_ == GradientPoint::kAhead) LookAhead(support, static_cast<Real>(rates.momentum));
  if (l2_ > 0) objective.TellSquaredWeights(SquaredWeights(rates.momentum));
  const std::span<const Real> point = gradient_point_ == GradientPoint::kAhead ? ahead_ : position_;
  return objective.Gradient(
      point, [&](const GradientView<Real>& view) { Apply(rates, std::get<SparseGradient<Real>>(view)); });
}

template <typename Real>
void LazyMomentum<Real>::Apply(const StepRates& rates, const SparseGradient<Real>& gradient) {
  const LinearStep step = UnreachedStep(gradient_point_, rates, gradient.pending);
  const bool sums_are_due = l2_ > 0 && state_.now % kStepsBetweenSums == kStepsBetweenSums - 1;
  if (step != state_.step) {
    CatchUpAll();
    state_.step = step;
  } else if (sums_are_due) {
    state_.sums = SumAll();
  }

  const auto add = [&](double sign) {
    if (l2_ == 0) return;
    for (const uint32_t input : gradient.inputs) {
      for (int64_t j = input * units_; j < (input + 1) * units_; ++j) state_.sums.Add(position_[j], velocity_[j], sign);
    }
  };
  add(-1);
  state_.sums.Move(step);
  for (size_t k = 0; k < gradient.inputs.size(); ++k) {
    const int64_t input = gradient.inputs[k];
    Move(input * units_, gradient.values.data() + static_cast<int64_t>(k) * units_, rates, gradient.pending);
    caught_up_[input] = state_.now + 1;
  }
  add(1);
  Move(gradient.bias_begin, gradient.biases.data(), rates, gradient.bias_pending);
  ++state_.now;
}

template <typename Real>
void LazyMomentum<Real>::Move(int64_t begin, const Real* values, const StepRates& rates, const Pending& pending) {
  const Real rate = static_cast<Real>(rates.learning_rate);
  const Real alpha = static_cast<Real>(rates.momentum);
  for (int64_t u = 0; u < units_; ++u) {
    Real& theta = position_[begin + u];
    Real& v = velocity_[begin + u];
    const Real point = gradient_point_ == GradientPoint::kAhead ? theta + alpha * v : theta;
    v = alpha * v - rate * Complete(values[u], point, pending);
    theta += v;
  }
}

template <typename Real>
std::vector<OptimizerArray> LazyMomentum<Real>::state() {
  return {{.name = "position", .bytes = std::as_writable_bytes(std::span(position_))},
          {.name = "velocity", .bytes = std::as_writable_bytes(std::span(velocity_))},
          {.name = "caught_up", .bytes = std::as_writable_bytes(std::span(caught_up_)), .per_parameter = false},
          {.name = "lazy", .bytes = std::as_writable_bytes(std::span(&state_, 1)), .per_parameter = false}};
}

template class LazyMomentum<float>;
template class LazyMomentum<double>;

}  // namespace trainyard
