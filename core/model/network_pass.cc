#include "core/model/network_pass.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/model/activation.h"
#include "core/model/column_parts.h"
#include "core/model/maxout.h"

namespace trainyard {
namespace {

constexpr int64_t kRangeElements = 1792;  // 56 rows of a wide panel, which four tiles of 14 rows cover

void AppendRanges(const DenseShape& layer, size_t index, std::vector<GradientRange>& ranges) {
  const PanelShape shape = layer.panels();
  const auto append = [&](int64_t panel, int64_t row_begin, int64_t row_end, int64_t panels, int64_t begin,
                          int64_t size) {
    ranges.push_back({.layer = index,
                      .range = {.panel = panel, .row_begin = row_begin, .row_end = row_end, .panels = panels},
                      .begin = layer.begin + begin,
                      .size = size});
  };
  if (layer.order == WeightOrder::kByInput) return append(0, 0, 0, 0, 0, layer.size);
  const int64_t panels = shape.narrow() ? shape.outputs : shape.panels();
  const int64_t panel_size = shape.narrow() ? shape.narrow_stride() : kPanelWidth * shape.rows();
  if (shape.narrow() || panel_size <= kRangeElements) {
    const int64_t together = std::max<int64_t>(kRangeElements / panel_size, 1);
    for (int64_t panel = 0; panel < panels; panel += together) {
      const int64_t count = std::min(together, panels - panel);
      const int64_t begin = panel * panel_size;
      append(panel, 0, shape.rows(), count, begin, std::min(count * panel_size, shape.size() - begin));
    }
    return;
  }
  for (int64_t panel = 0; panel < panels; ++panel) {
    const int64_t width = shape.panel_width(panel);
    const int64_t most = kRangeElements / width;
    const int64_t pieces = (shape.rows() + most - 1) / most;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      const int64_t row_begin = std::min(piece * most, shape.rows());
      const int64_t row_end = std::min(row_begin + most, shape.rows());
      append(panel, row_begin, row_end, 1, shape.panel_begin(panel) + row_begin * width, (row_end - row_begin) * width);
    }
  }
}

}  // namespace

std::vector<GradientRange> GradientRanges(const ParameterLayout& layout) {
  std::vector<GradientRange> ranges;
  for (size_t l = layout.layers().size(); l-- > 0;) AppendRanges(layout.layers()[l], l, ranges);
  return ranges;
}

template <typename Real>
typename NetworkPass<Real>::Block NetworkPass<Real>::MakeBlock(int64_t rows, int64_t columns,
                                                               int64_t constant_columns) {
  Block block;
  block.columns = columns;
  block.stride = RowStride<Real>(columns + constant_columns);
  block.data.resize(static_cast<size_t>(rows * block.stride));
  for (int64_t i = 0; i < rows; ++i)
    std::fill_n(block.data.data() + i * block.stride + columns, constant_columns, Real{1});
  return block;
}

template <typename Real>
NetworkPass<Real>::NetworkPass(const ParameterLayout& layout, int64_t max_rows, Crew* crew)
    : layout_(layout), crew_(crew), kernels_(BestKernels<Real>()) {
  const size_t layer_count = layout.layers().size();
  activations_.push_back(MakeBlock(max_rows, layout.input_count(), 1));
  deltas_.emplace_back();
  pieces_.emplace_back();
  winners_.emplace_back();
  for (size_t l = 0; l < layer_count; ++l) {
    const DenseShape& shape = layout.layers()[l];
    const bool maxout = shape.pieces > 1;
    functions_.push_back(KernelsOf<Real>(shape.activation));
    activations_.push_back(MakeBlock(max_rows, shape.units(), 1));
    deltas_.push_back(l + 1 < layer_count ? MakeBlock(max_rows, shape.units(), 0) : Block());
    pieces_.push_back(maxout ? MakeBlock(max_rows, shape.fan_out, 0) : Block());
    winners_.emplace_back(maxout ? max_rows * shape.units() : 0);
    transposed_.emplace_back(l > 0 ? PanelShape{shape.fan_out, shape.fan_in}.size() : 0);
  }
}

template <typename Real>
int64_t NetworkPass<Real>::MemoryBytes(const ParameterLayout& layout, int64_t max_rows) {
  int64_t width = RowStride<Real>(layout.input_count() + 1);
  int64_t winners = 0;
  int64_t transposed = 0;
  for (size_t l = 0; l < layout.layers().size(); ++l) {
    const DenseShape& shape = layout.layers()[l];
    width += RowStride<Real>(shape.units() + 1);
    if (l + 1 < layout.layers().size()) width += RowStride<Real>(shape.units());
    if (l > 0) transposed += PanelShape{shape.fan_out, shape.fan_in}.size();
    if (shape.pieces == 1) continue;
    width += RowStride<Real>(shape.fan_out);
    winners += shape.units();
  }
  return (max_rows * width + transposed) * static_cast<int64_t>(sizeof(Real)) + max_rows * winners;
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::activation(size_t layer, int64_t rows) {
  return activations_[layer].First(rows);
}

template <typename Real>
const typename NetworkPass<Real>::Block& NetworkPass<Real>::deltas_of(size_t layer) const {
  if (layout_.layers()[layer - 1].pieces > 1) return pieces_[layer];
  return layer == layout_.layers().size() ? activations_[layer] : deltas_[layer];
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::ColumnDelta(size_t layer, int64_t rows) {
  return const_cast<Block&>(deltas_of(layer)).First(rows);
}

template <typename Real>
void NetworkPass<Real>::ForwardLayer(size_t layer, std::span<const Real> theta, int64_t rows) {
  const DenseShape& shape = layout_.layers()[layer];
  const PanelShape panels = shape.panels();
  const ActivationKernels<Real>& activation = functions_[layer];
  const MatrixView<Real> a = activations_[layer].First(rows);
  const MatrixView<Real> z = shape.pieces > 1 ? pieces_[layer + 1].First(rows) : activations_[layer + 1].First(rows);
  const ColumnParts parts(crew_, panels.outputs, rows * panels.rows());
  ForEachPart(crew_, parts.count(), [&](int64_t part, int) {
    const auto [begin, end] = parts.Of(part);
    const MatrixView<Real> columns = ColumnsOf(z, begin, end);
    kernels_.forward({panels.inputs, end - begin}, theta.data() + shape.begin + panels.panel_begin(begin / kPanelWidth),
                     a, activation.epilogue, activation.slope, columns);
    if (activation.function.has_value()) kernels_.activate(*activation.function, columns);
  });
  if (shape.pieces == 1) return;
  TakeLargest<Real>(z, shape.pieces, activations_[layer + 1].First(rows),
                    {winners_[layer + 1].data(), rows, shape.units(), shape.units()});
}

template <typename Real>
MatrixView<Real> NetworkPass<Real>::Forward(std::span<const Real> theta, int64_t rows) {
  for (size_t l = 0; l < layout_.layers().size(); ++l) ForwardLayer(l, theta, rows);
  return activations_.back().First(rows);
}

// dL/dz of the layer below.
template <typename Real>
void NetworkPass<Real>::BackwardLayer(size_t layer, std::span<const Real> theta, int64_t rows) {
  const DenseShape& shape = layout_.layers()[layer];
  const PanelShape panels = shape.panels();
  const PanelShape transposed = {panels.outputs, panels.inputs};
  const ActivationKernels<Real>& activation = functions_[layer - 1];
  const MatrixView<Real> a = activations_[layer].First(rows);
  const MatrixView<Real> da = deltas_[layer].First(rows);
  const MatrixView<const Real> dy = deltas_of(layer + 1).First(rows);
  const ColumnParts parts(panels.narrow() ? nullptr : crew_, panels.inputs, rows * panels.outputs);
  ForEachPart(crew_, parts.count(), [&](int64_t part, int) {
    const auto [begin, end] = parts.Of(part);
    kernels_.transpose(panels, theta.data() + shape.begin, begin, end, transposed_[layer].data());
    const MatrixView<Real> columns = ColumnsOf(da, begin, end);
    kernels_.input_gradient({end - begin, panels.outputs},
                            transposed_[layer].data() + transposed.panel_begin(begin / kPanelWidth), dy,
                            activation.epilogue, activation.slope, ColumnsOf(a, begin, end), columns);
    if (activation.function.has_value()) {
      kernels_.multiply_derivative(*activation.function, ColumnsOf(a, begin, end), columns);
    }
  });
}

template <typename Real>
void NetworkPass<Real>::Backward(std::span<const Real> theta, int64_t rows) {
  for (size_t l = layout_.layers().size(); l-- > 0;) {
    const DenseShape& shape = layout_.layers()[l];
    if (shape.pieces > 1) {
      const MatrixView<Real> of_units =
          l + 1 == layout_.layers().size() ? activations_[l + 1].First(rows) : deltas_[l + 1].First(rows);
      RouteToWinners<Real>(of_units, {winners_[l + 1].data(), rows, shape.units(), shape.units()}, shape.pieces,
                           pieces_[l + 1].First(rows));
    }
    if (l > 0) BackwardLayer(l, theta, rows);
  }
}

template <typename Real>
double NetworkPass<Real>::GradientBound(int64_t rows, double input_bound) {
  double bound = 0;
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    const double a =
        std::max<double>(l == 0 ? input_bound : kernels_.largest_magnitude(activations_[l].First(rows)), 1);
    const double dz = kernels_.largest_magnitude(deltas_of(l + 1).First(rows));
    if (std::isnan(a * dz)) return std::numeric_limits<double>::infinity();  // 0 times infinity
    bound = std::max(bound, a * dz);
  }
  return bound * static_cast<double>(rows);
}

template <typename Real>
void NetworkPass<Real>::Gradient(const GradientRange& range, int64_t rows, Into into, std::span<Real> gradient,
                                 const Touched<Real>& touched) const {
  const DenseShape& shape = layout_.layers()[range.layer];
  Touched<Real> here = touched;
  for (const Real*& array : here) {
    if (array != nullptr) array += range.begin;
  }
  kernels_.weight_gradient(shape.panels(), range.range, activations_[range.layer].First(rows),
                           deltas_of(range.layer + 1).First(rows), into == Into::kSum, gradient.data(), here);
}

template class NetworkPass<float>;
template class NetworkPass<double>;

}  // namespace trainyard
