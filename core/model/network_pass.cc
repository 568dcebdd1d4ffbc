#include "core/model/network_pass.h"

#include "Eigen/Core"
#include "core/base/eigen_blocking.h"
#include "core/model/activation.h"
#include "core/model/maxout.h"

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
  pieces_.emplace_back();
  winners_.emplace_back();
  for (size_t l = 0; l < layer_count; ++l) {
    const DenseShape& shape = layout.layers()[l];
    const bool maxout = shape.pieces > 1;
    activations_.emplace_back(max_rows * shape.units());
    deltas_.emplace_back(l + 1 < layer_count ? max_rows * shape.units() : 0);
    pieces_.emplace_back(maxout ? max_rows * shape.fan_out : 0);
    winners_.emplace_back(maxout ? max_rows * shape.units() : 0);
  }
}

template <typename Real>
int64_t NetworkPass<Real>::MemoryBytes(const ParameterLayout& layout, int64_t max_rows) {
  int64_t width = layout.input_count() + layout.output_count();
  int64_t winners = 0;
  for (size_t l = 0; l + 1 < layout.layers().size(); ++l) {
    const DenseShape& shape = layout.layers()[l];
    width += 2 * shape.units();
    if (shape.pieces == 1) continue;
    width += shape.fan_out;
    winners += shape.units();
  }
  return max_rows * (width * static_cast<int64_t>(sizeof(Real)) + winners);
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::activation(size_t layer, int64_t rows) {
  const int64_t width = layer == 0 ? layout_.input_count() : layout_.layers()[layer - 1].units();
  return {activations_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::delta(size_t layer, int64_t rows) {
  if (layer == layout_.layers().size()) return activation(layer, rows);
  const int64_t width = layout_.layers()[layer - 1].units();
  return {deltas_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::pieces(size_t layer, int64_t rows) {
  const int64_t width = layout_.layers()[layer - 1].fan_out;
  return {pieces_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<uint8_t> NetworkPass<Real>::winners(size_t layer, int64_t rows) {
  const int64_t width = layout_.layers()[layer - 1].units();
  return {winners_[layer].data(), rows, width, width};
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::ColumnDelta(size_t layer, int64_t rows) {
  const int64_t count = layout_.layers()[layer - 1].pieces;
  if (count == 1) return delta(layer, rows);
  RouteToWinners<Real>(delta(layer, rows), winners(layer, rows), count, pieces(layer, rows));
  return pieces(layer, rows);
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::Forward(std::span<const Real> theta, int64_t rows) {
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    const DenseShape& shape = layout_.layers()[l];
    const bool maxout = shape.pieces > 1;
    auto z = Map(maxout ? pieces(l + 1, rows) : activation(l + 1, rows));
    z.noalias() = Map(activation(l, rows)) * Weights(shape, theta);
    z.rowwise() += Bias(shape, theta);
    if (maxout) {
      TakeLargest<Real>(pieces(l + 1, rows), shape.pieces, activation(l + 1, rows), winners(l + 1, rows));
    } else {
      Activate(shape.activation, activation(l + 1, rows));
    }
  }
  return activation(layout_.layers().size(), rows);
}

template <typename Real>
void NetworkPass<Real>::Backward(std::span<const Real> theta, int64_t rows, Into into, std::span<Real> gradient) {
  for (size_t l = layout_.layers().size(); l-- > 0;) {
    const DenseShape& shape = layout_.layers()[l];
    const auto a = Map(activation(l, rows));
    const auto dz = Map(ColumnDelta(l + 1, rows));
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
