#include "core/model/output_pass.h"

namespace trainyard {

template <typename Real>
MatrixView<Real> OutputPass<Real>::Forward(std::span<const Real> theta, const RowEncoder& encoder,
                                           std::span<const uint32_t> rows) {
  const int64_t count = static_cast<int64_t>(rows.size());
  if (layout_.takes_sparse_steps()) {
    encoder.EncodeSparse(rows, inputs_);
    return ForwardSparse(theta, count);
  }
  if (!dense_.has_value()) dense_.emplace(layout_, kBlockRows);
  encoder.Encode(rows, dense_->inputs(count));
  return dense_->Forward(theta, count);
}

template <typename Real>
MatrixView<Real> OutputPass<Real>::ForwardSparse(std::span<const Real> theta, int64_t rows) {
  const int64_t units = layout_.output_count();
  outputs_.resize(static_cast<size_t>(kBlockRows * units));
  const MatrixView<Real> outputs = {outputs_.data(), rows, units, units};
  const Real* const biases = theta.data() + layout_.Index(0, layout_.input_count(), 0);
  for (int64_t i = 0; i < rows; ++i) {
    const std::span<Real> f = outputs.row(i);
    for (int64_t u = 0; u < units; ++u) f[u] = 0;
    for (int64_t k = inputs_.begin[i]; k < inputs_.begin[i + 1]; ++k) {
      const Real* const w = theta.data() + layout_.Index(0, inputs_.inputs[k], 0);
      for (int64_t u = 0; u < units; ++u) f[u] += inputs_.values[k] * w[u];
    }
    for (int64_t u = 0; u < units; ++u) f[u] += biases[u];
  }
  return outputs;
}

template class OutputPass<float>;
template class OutputPass<double>;

}  // namespace trainyard
