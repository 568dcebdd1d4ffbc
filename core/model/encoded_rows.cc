#include "core/model/encoded_rows.h"

#include <algorithm>

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
  inputs_.reset(static_cast<Real*>(AllocateCacheLines(static_cast<size_t>(rows * stride_) * sizeof(Real))));
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
  for (const uint32_t row : rows) {
    if (encoded_[row] == 0) Encode(row);
  }
  kernels_.gather_rows(inputs_.get(), stride_, rows, {inputs.data, inputs.rows, inputs.columns + 1, stride_});
  if (!encoder_.has_weights()) {
    std::fill_n(targets.weights.begin(), rows.size(), 1.0);
  } else {
    for (size_t i = 0; i < rows.size(); ++i) targets.weights[i] = weights_[rows[i]];
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
