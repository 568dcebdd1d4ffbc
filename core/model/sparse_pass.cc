#include "core/model/sparse_pass.h"

#include <algorithm>

#include "core/base/squared_norm.h"

namespace trainyard {

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
  weights_.clear();
  gradient_.clear();
  std::fill(biases_.begin(), biases_.end(), Real{0});
  known_ = 0;
}

template <typename Real>
void SparsePass<Real>::Encode(const RowEncoder& encoder, std::span<const uint32_t> rows) {
  known_ = inputs_.size();
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
  weights_.resize(inputs_.size() * static_cast<size_t>(units_));
  gradient_.resize(weights_.size());
  Real* gathered = weights_.data() + static_cast<int64_t>(known_) * units_;
  for (const uint32_t input : new_inputs()) {
    const Real* const w = point.data() + layout_.Index(0, input, 0);
    for (int64_t u = 0; u < units_; ++u) *gathered++ = w[u];
  }
  const int64_t rows = static_cast<int64_t>(part_.begin.size()) - 1;
  outputs_.resize(static_cast<size_t>(rows * units_));
  const MatrixView<Real> outputs = {outputs_.data(), rows, units_, units_};
  const Real* const biases = point.data() + layout_.Index(0, layout_.input_count(), 0);
  for (int64_t i = 0; i < rows; ++i) {
    Real* const f = outputs.row(i).data();
    std::fill(f, f + units_, Real{0});
    for (int64_t k = part_.begin[i]; k < part_.begin[i + 1]; ++k) {
      const Real* const w = weights_.data() + part_.inputs[k] * units_;
      for (int64_t u = 0; u < units_; ++u) f[u] += part_.values[k] * w[u];
    }
    for (int64_t u = 0; u < units_; ++u) f[u] += biases[u];
  }
  return outputs;
}

template <typename Real>
void SparsePass<Real>::Backward() {
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
          .inputs = inputs_,
          .values = gradient_,
          .bias_begin = layout_.Index(0, layout_.input_count(), 0),
          .biases = biases_};
}

template <typename Real>
double SparsePass<Real>::SquaresOfOthers(std::span<const Real> point) const {
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
