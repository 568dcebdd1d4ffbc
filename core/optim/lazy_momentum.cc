#include "core/optim/lazy_momentum.h"

#include <algorithm>
#include <variant>

#include "core/optim/gradient_pass.h"

namespace trainyard {
namespace {

constexpr int64_t kStepsBetweenSums = 65'536;
constexpr int64_t kInputsPerRun = 64;
constexpr int64_t kFewestRuns = 64;

LinearStep UnreachedStep(LazyRule rule, const StepRates& rates, const Pending& pending) {
  const double eta = rates.learning_rate * pending.scale * pending.l2;
  const double delta = rates.learning_rate * pending.decay;
  const double a = rule == LazyRule::kNesterov ? (1 - eta) * rates.momentum : rates.momentum;
  return {.tt = 1 - eta - delta, .tv = a, .vt = -eta, .vv = a};
}

}  // namespace

template <typename Real>
void LazyMomentum<Real>::Sums::Move(const LinearStep& m) {
  *this = {.tt = m.tt * m.tt * tt + 2 * m.tt * m.tv * tv + m.tv * m.tv * vv,
           .tv = m.tt * m.vt * tt + (m.tt * m.vv + m.tv * m.vt) * tv + m.tv * m.vv * vv,
           .vv = m.vt * m.vt * tt + 2 * m.vt * m.vv * tv + m.vv * m.vv * vv};
}

template <typename Real>
LazyMomentum<Real>::LazyMomentum(LazyRule rule, int64_t input_count, int64_t units, double l2)
    : rule_(rule),
      input_count_(input_count),
      units_(units),
      l2_(l2),
      position_(static_cast<size_t>((input_count + 1) * units)),
      velocity_(position_.size()),
      told_velocity_(rule == LazyRule::kSgd ? 0 : position_.size()),
      ahead_(rule == LazyRule::kNesterov ? position_.size() : 0),
      caught_up_(static_cast<size_t>(input_count)),
      history_(std::max(kFewestRuns, input_count / kInputsPerRun)) {}

template <typename Real>
template <typename Visit>
void LazyMomentum<Real>::VisitWeights(Visit visit) const {
  for (int64_t input = 0; input < input_count_; ++input) {
    const LinearStep missed = history_.Since(caught_up_[input]);
    for (int64_t j = input * units_; j < (input + 1) * units_; ++j) {
      const double theta = position_[j];
      const double v = velocity_[j];
      visit(j, missed.tt * theta + missed.tv * v, missed.vt * theta + missed.vv * v);
    }
  }
}

template <typename Real>
void LazyMomentum<Real>::Begin(std::span<const Real> theta) {
  std::copy(theta.begin(), theta.end(), position_.begin());
  std::copy(told_velocity_.begin(), told_velocity_.end(), velocity_.begin());
  if (l2_ > 0) sums_ = SumAll();
}

template <typename Real>
void LazyMomentum<Real>::CatchUp(std::span<const uint32_t> inputs) {
  if (units_ > 1) {
    for (const uint32_t input : inputs) CatchUp(input);
    return;
  }
  Real* const position = position_.data();
  Real* const velocity = velocity_.data();
  int64_t* const caught_up = caught_up_.data();
  const int64_t now = history_.now();
  for (const uint32_t input : inputs) {
    const LinearStep missed = history_.Since(caught_up[input]);
    const double theta = position[input];
    const double v = velocity[input];
    caught_up[input] = now;
    position[input] = static_cast<Real>(missed.tt * theta + missed.tv * v);
    velocity[input] = static_cast<Real>(missed.vt * theta + missed.vv * v);
  }
}

template <typename Real>
void LazyMomentum<Real>::CatchUp(int64_t input) {
  const LinearStep missed = history_.Since(caught_up_[input]);
  caught_up_[input] = history_.now();
  for (int64_t j = input * units_; j < (input + 1) * units_; ++j) {
    const double theta = position_[j];
    const double v = velocity_[j];
    position_[j] = static_cast<Real>(missed.tt * theta + missed.tv * v);
    velocity_[j] = static_cast<Real>(missed.vt * theta + missed.vv * v);
  }
}

template <typename Real>
void LazyMomentum<Real>::CatchUpAll() {
  for (int64_t input = 0; input < input_count_; ++input) CatchUp(input);
  history_.Forget();
  if (l2_ > 0) sums_ = SumAll();
}

template <typename Real>
typename LazyMomentum<Real>::Sums LazyMomentum<Real>::SumAll() const {
  Sums sums;
  VisitWeights([&sums](int64_t, double theta, double v) { sums.Add(theta, v, 1); });
  return sums;
}

template <typename Real>
void LazyMomentum<Real>::Materialize(std::span<Real> theta) const {
  if (history_.now() == 0) return;
  VisitWeights([&theta](int64_t j, double now, double) { theta[j] = static_cast<Real>(now); });
  const int64_t biases = input_count_ * units_;
  std::copy(position_.begin() + biases, position_.end(), theta.begin() + biases);
}

template <typename Real>
double LazyMomentum<Real>::SquaredWeights(double alpha) const {
  if (rule_ != LazyRule::kNesterov) return std::max(sums_.tt, 0.0);
  return std::max(sums_.tt + 2 * alpha * sums_.tv + alpha * alpha * sums_.vv, 0.0);
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
  if (history_.now() == 0) Begin(theta);
  const std::span<const uint32_t> support = *objective.Support();
  CatchUp(support);
  if (rule_ == LazyRule::kNesterov) LookAhead(support, static_cast<Real>(rates.momentum));
  if (l2_ > 0) objective.TellSquaredWeights(SquaredWeights(rates.momentum));
  const std::span<const Real> point = rule_ == LazyRule::kNesterov ? ahead_ : position_;
  return objective.Gradient(
      point, [&](const GradientView<Real>& view) { Apply(rates, std::get<SparseGradient<Real>>(view)); });
}

template <typename Real>
void LazyMomentum<Real>::Apply(const StepRates& rates, const SparseGradient<Real>& gradient) {
  const LinearStep step = UnreachedStep(rule_, rates, gradient.pending);
  if (!history_.Fits(step)) {
    CatchUpAll();
  } else if (l2_ > 0 && history_.now() % kStepsBetweenSums == kStepsBetweenSums - 1) {
    sums_ = SumAll();
  }

  const auto add = [&](double sign) {
    if (l2_ == 0) return;
    for (const uint32_t input : gradient.inputs) {
      for (int64_t j = input * units_; j < (input + 1) * units_; ++j) sums_.Add(position_[j], velocity_[j], sign);
    }
  };
  add(-1);
  sums_.Move(step);
  MoveInputs(rates, gradient);
  add(1);
  Move(gradient.bias_begin, gradient.biases.data(), rates, gradient.bias_pending);
  history_.Append(step);
}

// One output without penalty and clipping needs a part of what Move does.
template <typename Real>
void LazyMomentum<Real>::MoveInputs(const StepRates& rates, const SparseGradient<Real>& gradient) {
  const int64_t now = history_.now() + 1;
  if (units_ == 1 && rule_ == LazyRule::kMomentum && gradient.pending == Pending()) {
    const Real rate = static_cast<Real>(rates.learning_rate);
    const Real alpha = static_cast<Real>(rates.momentum);
    for (size_t k = 0; k < gradient.inputs.size(); ++k) {
      const uint32_t input = gradient.inputs[k];
      const Real v = alpha * velocity_[input] - rate * gradient.values[k];
      velocity_[input] = v;
      position_[input] += v;
      caught_up_[input] = now;
    }
    return;
  }
  for (size_t k = 0; k < gradient.inputs.size(); ++k) {
    const int64_t input = gradient.inputs[k];
    Move(input * units_, gradient.values.data() + static_cast<int64_t>(k) * units_, rates, gradient.pending);
    caught_up_[input] = now;
  }
}

template <typename Real>
void LazyMomentum<Real>::Move(int64_t begin, const Real* values, const StepRates& rates, const Pending& pending) {
  const Real rate = static_cast<Real>(rates.learning_rate);
  const Real alpha = static_cast<Real>(rates.momentum);
  const Real shrink = static_cast<Real>(rates.learning_rate * pending.decay);
  for (int64_t u = 0; u < units_; ++u) {
    Real& theta = position_[begin + u];
    Real& v = velocity_[begin + u];
    const Real point = rule_ == LazyRule::kNesterov ? theta + alpha * v : theta;
    v = alpha * v - rate * Complete(values[u], point, pending);
    theta -= shrink * theta;
    theta += v;
  }
}

template <typename Real>
std::vector<OptimizerArray> LazyMomentum<Real>::state() {
  std::vector<OptimizerArray> arrays = {
      {.name = "lazy_position", .bytes = std::as_writable_bytes(std::span(position_))},
      {.name = "lazy_velocity", .bytes = std::as_writable_bytes(std::span(velocity_))},
      {.name = "caught_up", .bytes = std::as_writable_bytes(std::span(caught_up_)), .per_parameter = false},
      {.name = "sums", .bytes = std::as_writable_bytes(std::span(&sums_, 1)), .per_parameter = false},
      {.name = "history", .bytes = history_.head_bytes(), .per_parameter = false},
      {.name = "history_runs", .bytes = history_.run_bytes(), .per_parameter = false},
      {.name = "history_products", .bytes = history_.product_bytes(), .per_parameter = false}};
  if (rule_ == LazyRule::kSgd) return arrays;
  if (history_.now() > 0) {
    std::copy(velocity_.begin(), velocity_.end(), told_velocity_.begin());
    VisitWeights([this](int64_t j, double, double v) { told_velocity_[j] = static_cast<Real>(v); });
  }
  arrays.push_back({.name = "velocity", .bytes = std::as_writable_bytes(std::span(told_velocity_))});
  return arrays;
}

template class LazyMomentum<float>;
template class LazyMomentum<double>;

}  // namespace trainyard
