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
      weights_(input_count, units),
      bias_positions_(static_cast<size_t>(units)),
      bias_velocities_(static_cast<size_t>(units)),
      told_velocity_(rule == LazyRule::kSgd ? 0 : static_cast<size_t>((input_count + 1) * units)),
      biases_ahead_(static_cast<size_t>(units)),
      history_(std::max(kFewestRuns, input_count / kInputsPerRun)) {}

template <typename Real>
template <typename Visit>
void LazyMomentum<Real>::VisitWeights(Visit visit) const {
  for (int64_t input = 0; input < input_count_; ++input) {
    const auto row = weights_.At(input);
    const LinearStep missed = history_.Since(row.step());
    for (int64_t u = 0; u < units_; ++u) {
      const double theta = row.positions()[u];
      const double v = row.velocities()[u];
      visit(input * units_ + u, missed.tt * theta + missed.tv * v, missed.vt * theta + missed.vv * v);
    }
  }
}

template <typename Real>
void LazyMomentum<Real>::Begin(std::span<const Real> theta) {
  const auto copy = [&](int64_t begin, Real* positions, Real* velocities) {
    std::copy_n(theta.begin() + begin, units_, positions);
    if (!told_velocity_.empty()) std::copy_n(told_velocity_.begin() + begin, units_, velocities);
  };
  for (int64_t input = 0; input < input_count_; ++input) {
    auto row = weights_.At(input);
    row.set_step(0);
    copy(input * units_, row.positions(), row.velocities());
  }
  copy(input_count_ * units_, bias_positions_.data(), bias_velocities_.data());
  if (l2_ > 0) sums_ = SumAll();
}

template <typename Real>
void LazyMomentum<Real>::ReadOne(int64_t input, Real* positions, Real* velocities) const {
  const auto row = weights_.At(input);
  const LinearStep missed = history_.Since(row.step());
  for (int64_t u = 0; u < units_; ++u) {
    const double theta = row.positions()[u];
    const double v = row.velocities()[u];
    positions[u] = static_cast<Real>(missed.tt * theta + missed.tv * v);
    velocities[u] = static_cast<Real>(missed.vt * theta + missed.vv * v);
  }
}

// One output without penalty, or a look far back, needs a part of what ReadOne does.
template <typename Real>
void LazyMomentum<Real>::Read(const Support& support) {
  const size_t size = support.inputs.size() * static_cast<size_t>(units_);
  positions_.resize(size);
  velocities_.resize(size);
  coasting_.Follow(history_);
  const int64_t longest = units_ == 1 ? coasting_.longest() : -1;
  const auto* const stretches = coasting_.stretches();
  const int64_t now = history_.now();
  Real* const positions = positions_.data();
  Real* const velocities = velocities_.data();
  if (units_ == 1) {
    for (const uint32_t input : support.following) weights_.FetchOne(input);
  }
  for (size_t k = support.known; k < support.inputs.size(); ++k) {
    const uint32_t input = support.inputs[k];
    const auto row = weights_.AtOne(input);
    if (const int64_t missed = longest < 0 ? 0 : now - row.step(); missed <= longest) {
      const Real v = *row.velocities();
      positions[k] = *row.positions() + stretches[missed].travelled * v;
      velocities[k] = stretches[missed].left * v;
    } else {
      ReadOne(input, positions + static_cast<int64_t>(k) * units_, velocities + static_cast<int64_t>(k) * units_);
    }
  }
}

template <typename Real>
void LazyMomentum<Real>::CatchUpAll() {
  for (int64_t input = 0; input < input_count_; ++input) {
    auto row = weights_.At(input);
    ReadOne(input, row.positions(), row.velocities());
    row.set_step(history_.now());
  }
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
  std::copy(bias_positions_.begin(), bias_positions_.end(), theta.begin() + input_count_ * units_);
}

template <typename Real>
double LazyMomentum<Real>::SquaredWeights(double alpha) const {
  if (rule_ != LazyRule::kNesterov) return std::max(sums_.tt, 0.0);
  return std::max(sums_.tt + 2 * alpha * sums_.tv + alpha * alpha * sums_.vv, 0.0);
}

template <typename Real>
void LazyMomentum<Real>::LookAhead(Real alpha) {
  ahead_.resize(positions_.size());
  for (size_t j = 0; j < ahead_.size(); ++j) ahead_[j] = positions_[j] + alpha * velocities_[j];
  for (size_t u = 0; u < biases_ahead_.size(); ++u) {
    biases_ahead_[u] = bias_positions_[u] + alpha * bias_velocities_[u];
  }
}

template <typename Real>
absl::Status LazyMomentum<Real>::Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) {
  if (history_.now() == 0) Begin(theta);
  Read(*objective.NextSupport());
  if (l2_ > 0) objective.TellSquaredWeights(SquaredWeights(rates.momentum));
  SupportPoint<Real> point{.weights = positions_, .biases = bias_positions_};
  if (rule_ == LazyRule::kNesterov) {
    LookAhead(static_cast<Real>(rates.momentum));
    point = {.weights = ahead_, .biases = biases_ahead_};
  }
  return objective.GradientAtSupport(point, [&](const SparseGradient<Real>& gradient) { Apply(rates, gradient); });
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
    for (size_t j = 0; j < positions_.size(); ++j) sums_.Add(positions_[j], velocities_[j], sign);
  };
  add(-1);
  if (l2_ > 0) sums_.Move(step);
  MoveInputs(rates, gradient, history_.now() + 1);
  add(1);
  Move(units_, gradient.biases.data(), rates, gradient.bias_pending, bias_positions_.data(), bias_velocities_.data());
  history_.Append(step);
}

template <typename Real>
void LazyMomentum<Real>::MoveInputs(const StepRates& rates, const SparseGradient<Real>& gradient, int64_t step) {
  Move(static_cast<int64_t>(positions_.size()), gradient.values.data(), rates, gradient.pending, positions_.data(),
       velocities_.data());
  const Real* position = positions_.data();
  const Real* velocity = velocities_.data();
  if (units_ == 1) {
    for (const uint32_t input : gradient.inputs) weights_.PutOne(input, step, *position++, *velocity++);
    return;
  }
  for (const uint32_t input : gradient.inputs) {
    auto row = weights_.At(input);
    row.set_step(step);
    std::copy_n(position, units_, row.positions());
    std::copy_n(velocity, units_, row.velocities());
    position += units_;
    velocity += units_;
  }
}

template <typename Real>
void LazyMomentum<Real>::Move(int64_t count, const Real* values, const StepRates& rates, const Pending& pending,
                              Real* positions, Real* velocities) const {
  const Real rate = static_cast<Real>(rates.learning_rate);
  const Real alpha = static_cast<Real>(rates.momentum);
  if (pending == Pending()) {
    for (int64_t j = 0; j < count; ++j) {
      velocities[j] = alpha * velocities[j] - rate * values[j];
      positions[j] += velocities[j];
    }
    return;
  }
  const Real shrink = static_cast<Real>(rates.learning_rate * pending.decay);
  for (int64_t j = 0; j < count; ++j) {
    const Real theta = positions[j];
    const Real point = rule_ == LazyRule::kNesterov ? theta + alpha * velocities[j] : theta;
    velocities[j] = alpha * velocities[j] - rate * Complete(values[j], point, pending);
    positions[j] = theta - shrink * theta + velocities[j];
  }
}

template <typename Real>
std::vector<OptimizerArray> LazyMomentum<Real>::state() {
  if (rule_ != LazyRule::kSgd && history_.now() > 0) {
    std::copy(bias_velocities_.begin(), bias_velocities_.end(), told_velocity_.begin() + input_count_ * units_);
    VisitWeights([this](int64_t j, double, double v) { told_velocity_[j] = static_cast<Real>(v); });
  }
  std::vector<OptimizerArray> arrays = {
      {.name = "lazy_weights", .bytes = weights_.bytes(), .per_parameter = false},
      {.name = "lazy_biases", .bytes = std::as_writable_bytes(std::span(bias_positions_)), .per_parameter = false},
      {.name = "lazy_bias_velocities",
       .bytes = std::as_writable_bytes(std::span(bias_velocities_)),
       .per_parameter = false},
      {.name = "sums", .bytes = std::as_writable_bytes(std::span(&sums_, 1)), .per_parameter = false},
      {.name = "history", .bytes = history_.head_bytes(), .per_parameter = false},
      {.name = "history_runs", .bytes = history_.run_bytes(), .per_parameter = false},
      {.name = "history_products", .bytes = history_.product_bytes(), .per_parameter = false}};
  if (rule_ != LazyRule::kSgd) {
    arrays.push_back({.name = "velocity", .bytes = std::as_writable_bytes(std::span(told_velocity_))});
  }
  return arrays;
}

template class LazyMomentum<float>;
template class LazyMomentum<double>;

}  // namespace trainyard
