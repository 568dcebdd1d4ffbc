#include "core/model/network_pass.h"

#include "Eigen/Core"
#include "core/base/eigen_blocking.h"
#include "core/model/activation.h"

namespace trainyard {
namespace {

template <typename Real>
using Matrix = Eigen::Matrix<Real, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <typename Real>
using RowVector = Eigen::Matrix<Real, 1, Eigen::Dynamic>;

template <typename Real>
auto Map(MatrixView<Real> view) {
  using Plain = std::conditional_t<std::is_const_v<Real>, const Matrix<std::remove_const_t<Real>>, Matrix<Real>>;
  return Eigen::Map<Plain>(view.data, view.rows, view.columns);
}

template <typename Real>
auto Weights(const DenseShape& shape, std::span<Real> theta) {
  using Plain = std::conditional_t<std::is_const_v<Real>, const Matrix<std::remove_const_t<Real>>, Matrix<Real>>;
  return Eigen::Map<Plain>(theta.data() + shape.begin, shape.fan_in, shape.fan_out);
}

template <typename Real>
auto Bias(const DenseShape& shape, std::span<Real> theta) {
  using Plain = std::conditional_t<std::is_const_v<Real>, const RowVector<std::remove_const_t<Real>>, RowVector<Real>>;
  return Eigen::Map<Plain>(theta.data() + shape.begin + shape.fan_in * shape.fan_out, shape.fan_out);
}

}  // namespace

template <typename Real>
NetworkPass<Real>::NetworkPass(const ParameterLayout& layout, int64_t max_rows) : layout_(layout) {
  FixEigenBlocking();
  const size_t layer_count = layout.layers().size();
  activations_.emplace_back(max_rows * layout.input_count());
  deltas_.emplace_back();
  for (size_t l = 0; l < layer_count; ++l) {
    activations_.emplace_back(max_rows * layout.layers()[l].fan_out);
    deltas_.emplace_back(l + 1 < layer_count ? max_rows * layout.layers()[l].fan_out : 0);
  }
}

template <typename Real>
int64_t NetworkPass<Real>::MemoryBytes(const ParameterLayout& layout, int64_t max_rows) {
  int64_t width = layout.input_count() + layout.output_count();
  for (size_t l = 0; l + 1 < layout.layers().size(); ++l) width += 2 * layout.layers()[l].fan_out;
  return width * max_rows * static_cast<int64_t>(sizeof(Real));
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::activation(size_t layer, int64_t rows) {
  const int64_t width = layer == 0 ? layout_.input_count() : layout_.layers()[layer - 1].fan_out;
  return {activations_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::delta(size_t layer, int64_t rows) {
  if (layer == layout_.layers().size()) return activation(layer, rows);
  const int64_t width = layout_.layers()[layer - 1].fan_out;
  return {deltas_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::Forward(std::span<const Real> theta, int64_t rows) {
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    const DenseShape& shape = layout_.layers()[l];
    auto z = Map(activation(l + 1, rows));
    z.noalias() = Map(activation(l, rows)) * Weights(shape, theta);
    z.rowwise() += Bias(shape, theta);
    Activate(shape.activation, activation(l + 1, rows));
  }
  return activation(layout_.layers().size(), rows);
}

template <typename Real>
void NetworkPass<Real>::Backward(std::span<const Real> theta, int64_t rows, Into into, std::span<Real> gradient) {
  for (size_t l = layout_.layers().size(); l-- > 0;) {
    const DenseShape& shape = layout_.layers()[l];
    const auto a = Map(activation(l, rows));
    const auto dz = Map(delta(l + 1, rows));
    auto weights = Weights(shape, gradient);
    auto bias = Bias(shape, gradient);
    if (into == Into::kEmpty) {
      weights.noalias() = a.transpose() * dz;
      bias.setZero();
    } else {
      weights.noalias() += a.transpose() * dz;
    }
    // Row by row: Eigen's own sum over rows takes another order where memory begins elsewhere.
    for (int64_t i = 0; i < rows; ++i) bias += dz.row(i);
    if (l == 0) return;
    Map(delta(l, rows)).noalias() = dz * Weights(shape, theta).transpose();
    MultiplyDerivative<Real>(layout_.layers()[l - 1].activation, activation(l, rows), delta(l, rows));
  }
}

template class NetworkPass<float>;
template class NetworkPass<double>;

}  // namespace trainyard
