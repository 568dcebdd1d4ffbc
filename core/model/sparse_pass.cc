#include "core/model/sparse_pass.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/squared_norm.h"

namespace trainyard {
namespace {

// Eight numbers side by side; a vector, since compilers take arrays of eight apart.
template <typename Real>
struct Eight;
template <>
struct Eight<float> {
  typedef float Vector __attribute__((vector_size(32)));
};
template <>
struct Eight<double> {
  typedef double Vector __attribute__((vector_size(64)));
};

// Lane i sums the products a_k b(k) of k = i, i + 8, ...; then lanes 4 apart, 2 apart and 1 apart are summed.
template <typename Real, typename Number>
Real Dot(std::span<const Real> a, Number b) {
  using Vector = typename Eight<Real>::Vector;
  Vector sums = {};
  const Real* const x = a.data();
  const size_t whole = a.size() / 8 * 8;
  for (size_t k = 0; k < whole; k += 8) {
    Vector eight;
    std::memcpy(&eight, x + k, sizeof(eight));
    sums += eight * Vector{b(k), b(k + 1), b(k + 2), b(k + 3), b(k + 4), b(k + 5), b(k + 6), b(k + 7)};
  }
  for (size_t k = whole; k < a.size(); ++k) sums[k - whole] += x[k] * b(k);
  const auto four = __builtin_shufflevector(sums, sums, 0, 1, 2, 3) + __builtin_shufflevector(sums, sums, 4, 5, 6, 7);
  const auto two = __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3);
  return two[0] + two[1];
}

// Sum of the squares of all weights but those at `inputs`, which ascend.
template <typename Real>
double SquaresBeside(std::span<const uint32_t> inputs, std::span<const Real> weights) {
  double sum = 0;
  size_t begin = 0;
  for (const uint32_t input : inputs) {
    sum += SquaredNorm(weights.subspan(begin, input - begin));
    begin = input + 1;
  }
  return sum + SquaredNorm(weights.subspan(begin));
}

}  // namespace

template <typename Real>
SparsePass<Real>::SparsePass(const ParameterLayout& layout)
    : layout_(layout),
      units_(layout.output_count()),
      slots_(static_cast<size_t>(layout.input_count())),
      biases_(static_cast<size_t>(units_)) {}

template <typename Real>
void SparsePass<Real>::Begin() {
  for (const uint32_t input : inputs_) slots_[input] = 0;
  inputs_.clear();
  std::fill(biases_.begin(), biases_.end(), Real{0});
  known_ = 0;
  begun_ = false;
}

template <typename Real>
void SparsePass<Real>::Encode(const RowEncoder& encoder, std::span<const uint32_t> rows) {
  known_ = inputs_.size();
  is_stored_ = false;
  const bool is_first = !std::exchange(begun_, true);
  if (is_first && rows.size() == 1 && units_ == 1) {
    if (const std::optional<SparseRow<Real>> row = encoder.StoredRow<Real>(rows[0], row_values_)) {
      return Take(*row);
    }
  }
  encoder.EncodeSparse(rows, part_);
  for (uint32_t& input : part_.inputs) {
    uint32_t& slot = slots_[input];
    if (slot == 0) {
      inputs_.push_back(input);
      slot = static_cast<uint32_t>(inputs_.size());
    }
    input = slot - 1;
  }
}

template <typename Real>
MatrixView<Real> SparsePass<Real>::Forward(std::span<const Real> point) {
  if (is_stored_) {
    gradient_.resize(row_.inputs.size());
    outputs_.assign(1, Dot<Real>(row_.values, [inputs = row_.inputs.data(), from = point.data()](size_t k) {
                         return from[inputs[k]];
                       }) + point[static_cast<size_t>(layout_.input_count())]);
    return {outputs_.data(), 1, 1, 1};
  }
  Gather(point);
  return Forward({.weights = gathered_, .biases = point.subspan(layout_.Index(0, layout_.input_count(), 0))});
}

template <typename Real>
void SparsePass<Real>::Gather(std::span<const Real> point) {
  gathered_.resize(inputs().size() * static_cast<size_t>(units_));
  if (units_ == 1) {
    for (size_t k = known_; k < gathered_.size(); ++k) gathered_[k] = point[inputs()[k]];
  } else {
    Real* gathered = gathered_.data() + static_cast<int64_t>(known_) * units_;
    for (const uint32_t input : inputs().subspan(known_)) {
      gathered = std::copy_n(point.data() + layout_.Index(0, input, 0), units_, gathered);
    }
  }
}

template <typename Real>
std::span<const Real> SparsePass<Real>::WeightsAt(std::span<const Real> point) {
  if (point.empty() || !is_stored_) return weights_;
  Gather(point);
  return gathered_;
}

template <typename Real>
MatrixView<Real> SparsePass<Real>::Forward(const SupportPoint<Real>& point) {
  weights_ = point.weights;
  if (is_stored_) {
    gradient_.resize(weights_.size());
    outputs_.assign(
        1, Dot<Real>(row_.values, [weights = weights_.data()](size_t k) { return weights[k]; }) + point.biases[0]);
    return {outputs_.data(), 1, 1, 1};
  }
  if (known_ == 0) gradient_.clear();
  gradient_.resize(weights_.size());
  const int64_t rows = static_cast<int64_t>(part_.begin.size()) - 1;
  outputs_.resize(static_cast<size_t>(rows * units_));
  const MatrixView<Real> outputs = {outputs_.data(), rows, units_, units_};
  for (int64_t i = 0; i < rows; ++i) {
    Real* const f = outputs.row(i).data();
    std::fill(f, f + units_, Real{0});
    for (int64_t k = part_.begin[i]; k < part_.begin[i + 1]; ++k) {
      const Real* const w = weights_.data() + part_.inputs[k] * units_;
      for (int64_t u = 0; u < units_; ++u) f[u] += part_.values[k] * w[u];
    }
    for (int64_t u = 0; u < units_; ++u) f[u] += point.biases[u];
  }
  return outputs;
}

template <typename Real>
void SparsePass<Real>::Backward() {
  if (is_stored_) {
    const Real c = outputs_[0];
    for (size_t k = 0; k < row_.values.size(); ++k) gradient_[k] = c * row_.values[k];
    biases_[0] += c;
    return;
  }
  const int64_t rows = static_cast<int64_t>(part_.begin.size()) - 1;
  for (int64_t i = 0; i < rows; ++i) {
    const Real* const c = outputs_.data() + i * units_;
    for (int64_t k = part_.begin[i]; k < part_.begin[i + 1]; ++k) {
      Real* const g = gradient_.data() + part_.inputs[k] * units_;
      for (int64_t u = 0; u < units_; ++u) g[u] += c[u] * part_.values[k];
    }
    for (int64_t u = 0; u < units_; ++u) biases_[u] += c[u];
  }
}

template <typename Real>
SparseGradient<Real> SparsePass<Real>::gradient() const {
  return {.units = units_,
          .inputs = inputs(),
          .values = gradient_,
          .bias_begin = layout_.Index(0, layout_.input_count(), 0),
          .biases = biases_};
}

template <typename Real>
double SparsePass<Real>::NormOfGradient() const {
  if (is_stored_) return std::abs(static_cast<double>(biases_[0])) * std::sqrt(1 + row_.squares);
  return std::sqrt(kernels_.squared_norm(gradient_) + kernels_.squared_norm(biases_));
}

template <typename Real>
double SparsePass<Real>::SquaresOfOthers(std::span<const Real> point) const {
  if (is_stored_) return SquaresBeside(row_.inputs, point.first(static_cast<size_t>(layout_.input_count())));
  double sum = 0;
  for (size_t input = 0; input < slots_.size(); ++input) {
    if (slots_[input] > 0) continue;
    sum += SquaredNorm(point.subspan(input * static_cast<size_t>(units_), static_cast<size_t>(units_)));
  }
  return sum;
}

template class SparsePass<float>;
template class SparsePass<double>;

}  // namespace trainyard
