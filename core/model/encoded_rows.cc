#include "core/model/encoded_rows.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace trainyard {
namespace {

constexpr int64_t kMaxBytes = int64_t{32} << 20;

}  // namespace

template <typename Real>
int64_t EncodedRows<Real>::MemoryBytes(int64_t row_count, int64_t input_count) {
  const double bytes = static_cast<double>(row_count) *
                       (static_cast<double>(RowStride<Real>(input_count + 1)) * sizeof(Real) + 2 * sizeof(double) + 1);
  return bytes <= static_cast<double>(kMaxBytes) ? static_cast<int64_t>(bytes) : 0;
}

template <typename Real>
EncodedRows<Real>::EncodedRows(const RowEncoder& encoder)
    : encoder_(encoder), stride_(RowStride<Real>(encoder.input_count() + 1)) {
  const int64_t rows = encoder.row_count();
  if (MemoryBytes(rows, encoder.input_count()) == 0) return;
  encoded_.resize(static_cast<size_t>(rows));
  // Not initialised: a page is taken when a row on it is encoded.
  inputs_.reset(static_cast<Real*>(::operator new[](rows* stride_ * sizeof(Real), std::align_val_t{64})));
  if (encoder.has_classes()) {
    classes_.resize(static_cast<size_t>(rows));
  } else {
    numbers_.resize(static_cast<size_t>(rows));
  }
  weights_.resize(static_cast<size_t>(rows));
}

template <typename Real>
void EncodedRows<Real>::Encode(uint32_t row) {
  Real* const inputs = inputs_.get() + row * stride_;
  const int64_t count = encoder_.input_count();
  const auto one = [row](auto& values) {
    return values.empty() ? std::span(values) : std::span(values).subspan(row, 1);
  };
  encoder_.Encode({&row, 1}, MatrixView<Real>{inputs, 1, count, stride_},
                  {one(classes_), one(numbers_), one(weights_)});
  std::fill(inputs + count, inputs + stride_, Real{1});
  encoded_[row] = 1;
}

template <typename Real>
void EncodedRows<Real>::Gather(std::span<const uint32_t> rows, MatrixView<Real> inputs, const TargetBuffer& targets) {
  if (encoded_.empty()) return encoder_.Encode(rows, inputs, targets);
  const int64_t input_count = inputs.columns;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t row = rows[i];
    if (encoded_[row] == 0) Encode(row);
    const Real* from = inputs_.get() + row * stride_;
    Real* to = inputs.data + static_cast<int64_t>(i) * stride_;
    constexpr int64_t kLine = 64 / static_cast<int64_t>(sizeof(Real));
    for (int64_t j = 0; j <= input_count; j += kLine) std::memcpy(to + j, from + j, 64);
    targets.weights[i] = weights_[row];
  }
  if (numbers_.empty()) {
    for (size_t i = 0; i < rows.size(); ++i) targets.classes[i] = classes_[rows[i]];
  } else {
    for (size_t i = 0; i < rows.size(); ++i) targets.numbers[i] = numbers_[rows[i]];
  }
}

template class EncodedRows<float>;
template class EncodedRows<double>;

}  // namespace trainyard
