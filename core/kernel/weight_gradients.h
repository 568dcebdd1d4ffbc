// x^T dy, the sum over the examples, in the layout of the weights.
//
// In panels: a tile is up to 14 inputs, which are neighbours in a row of x, by one or two vectors of dy. By output: several vectors of inputs
// times one element of dy.

#ifndef TRAINYARD_CORE_KERNEL_WEIGHT_GRADIENTS_H_
#define TRAINYARD_CORE_KERNEL_WEIGHT_GRADIENTS_H_

#include <algorithm>
#include <cstdint>
#include <tuple>

#include "core/base/matrix.h"
#include "core/kernel/kernels.h"
#include "core/kernel/panels.h"
#include "core/kernel/tiles.h"

namespace trainyard::kernel {

// Fetches the same lines of several arrays, one after another.
template <typename Lanes>
class LineFetcher {
 public:
  using Real = typename Lanes::Real;

  explicit LineFetcher(const Touched<Real>& touched) {
    const Real* last = touched[0];
    for (size_t i = 0; i < touched.size(); ++i) {
      if (touched[i] != nullptr) last = touched[i];
      arrays_[i] = reinterpret_cast<const char*>(last);
    }
  }

  bool idle() const { return arrays_[0] == nullptr; }

  void FetchLine() {
#pragma GCC unroll 4
    for (const char*& array : arrays_) {
      Lanes::PrefetchToWrite(array);
      array += 64;
    }
  }

 private:
  const char* arrays_[std::tuple_size_v<Touched<Real>>];
};

// Both arguments point at the tile's first element.
template <typename Real>
struct OuterProducts {
  MatrixView<const Real> x;
  MatrixView<const Real> dy;  // as many columns as are to be read
  bool add;
  Real* out;
  int64_t out_stride;
};

template <typename Lanes, int vectors, bool masked>
struct GradientTiles {
  using Real = typename Lanes::Real;
  using Function = void (*)(const OuterProducts<Real>& product, LineFetcher<Lanes>& fetcher);

  static constexpr int kInputs = std::min(Lanes::kTileRows, Lanes::kAccumulators / vectors);

  template <int inputs>
  static void Tile(const OuterProducts<Real>& product, LineFetcher<Lanes>& fetcher) {
    typename Lanes::Mask masks[vectors];
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) masks[v] = Lanes::FirstLanes(product.dy.columns - v * Lanes::kCount);
    typename Lanes::Vector sums[inputs][vectors];
#pragma GCC unroll 16
    for (int r = 0; r < inputs; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) sums[r][v] = Lanes::Zero();
    }
    const Real* x = product.x.data;
    const Real* dy = product.dy.data;
    const int64_t x_stride = product.x.stride;
    const int64_t dy_stride = product.dy.stride;
    // As many lines as the tile has, spread over its rows where there are so many.
    LineFetcher<Lanes> lines = fetcher;
    constexpr int kLines = (inputs * vectors * Lanes::kCount * sizeof(Real) + 63) / 64;
    int64_t unfetched = lines.idle() ? 0 : kLines;
    for (int64_t i = product.x.rows; i > 0; --i, x += x_stride, dy += dy_stride) {
      if (unfetched > 0) {
        lines.FetchLine();
        --unfetched;
      }
      typename Lanes::Vector columns[vectors];
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) {
        const Real* const from = dy + v * Lanes::kCount;
        columns[v] = masked ? Lanes::Load(masks[v], from) : Lanes::Load(from);
      }
#pragma GCC unroll 16
      for (int r = 0; r < inputs; ++r) {
        const auto element = Lanes::Broadcast(x[r]);
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) sums[r][v] = Lanes::Fma(element, columns[v], sums[r][v]);
      }
    }
#pragma GCC unroll 1
    for (; unfetched > 0; --unfetched) lines.FetchLine();
    fetcher = lines;
    const bool add = product.add;
    Real* const out = product.out;
    const int64_t out_stride = product.out_stride;
#pragma GCC unroll 16
    for (int r = 0; r < inputs; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < vectors; ++v) {
        if (add) sums[r][v] = Lanes::Add(Lanes::Load(out + r * out_stride + v * Lanes::kCount), sums[r][v]);
        Lanes::Store(out + r * out_stride + v * Lanes::kCount, sums[r][v]);
      }
    }
  }

  // All inputs by one block of columns.
  static void Block(OuterProducts<Real> product, LineFetcher<Lanes>& fetcher) {
    static constexpr auto kTiles = TileTable<GradientTiles, Function, kInputs>::Of();
    CutEvenly(product.x.columns, kInputs, [&](int64_t, int64_t inputs) {
      kTiles[inputs](product, fetcher);
      product.x.data += inputs;
      product.out += inputs * product.out_stride;
    });
  }
};

template <typename Lanes, int vectors>
inline void GradientsOfColumns(const OuterProducts<typename Lanes::Real>& product, LineFetcher<Lanes>& fetcher) {
  if (Lanes::kFreeMasks || product.dy.columns < vectors * Lanes::kCount) {
    GradientTiles<Lanes, vectors, true>::Block(product, fetcher);
  } else {
    GradientTiles<Lanes, vectors, false>::Block(product, fetcher);
  }
}

// Vectors of inputs times `outputs` columns of dy.
template <typename Lanes, int outputs>
struct NarrowGradientTiles {
  using Real = typename Lanes::Real;
  using Function = void (*)(const OuterProducts<Real>& product);

  static constexpr int kVectors = std::min(8, Lanes::kAccumulators / outputs);

  template <int vectors>
  static void Tile(const OuterProducts<Real>& product) {
    const auto mask = Lanes::FirstLanes(product.x.columns - (vectors - 1) * Lanes::kCount);
    typename Lanes::Vector sums[outputs][vectors];
#pragma GCC unroll 4
    for (int o = 0; o < outputs; ++o) {
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) sums[o][v] = Lanes::Zero();
    }
    const Real* x = product.x.data;
    const Real* dy = product.dy.data;
    const int64_t x_stride = product.x.stride;
    const int64_t dy_stride = product.dy.stride;
    for (int64_t i = product.x.rows; i > 0; --i, x += x_stride, dy += dy_stride) {
      typename Lanes::Vector inputs[vectors];
#pragma GCC unroll 8
      for (int v = 0; v + 1 < vectors; ++v) inputs[v] = Lanes::Load(x + v * Lanes::kCount);
      inputs[vectors - 1] = Lanes::Load(mask, x + (vectors - 1) * Lanes::kCount);
#pragma GCC unroll 4
      for (int o = 0; o < outputs; ++o) {
        const auto element = Lanes::Broadcast(dy[o]);
#pragma GCC unroll 8
        for (int v = 0; v < vectors; ++v) sums[o][v] = Lanes::Fma(inputs[v], element, sums[o][v]);
      }
    }
#pragma GCC unroll 4
    for (int o = 0; o < outputs; ++o) {
      Real* const out = product.out + o * product.out_stride;
#pragma GCC unroll 8
      for (int v = 0; v < vectors; ++v) {
        const auto lanes = v + 1 == vectors ? mask : Lanes::FirstLanes(Lanes::kCount);
        Real* const to = out + v * Lanes::kCount;
        Lanes::Store(lanes, to, product.add ? Lanes::Add(Lanes::Load(lanes, to), sums[o][v]) : sums[o][v]);
      }
    }
  }

  static void All(const OuterProducts<Real>& product) {
    static constexpr auto kTiles = TileTable<NarrowGradientTiles, Function, kVectors>::Of();
    const int64_t all = (product.x.columns + Lanes::kCount - 1) / Lanes::kCount;
    CutEvenly(all, kVectors, [&](int64_t begin, int64_t vectors) {
      OuterProducts<Real> tile = product;
      tile.x.data += begin * Lanes::kCount;
      tile.x.columns -= begin * Lanes::kCount;
      tile.out += begin * Lanes::kCount;
      kTiles[vectors](tile);
    });
  }
};

template <typename Lanes, typename Real = typename Lanes::Real>
inline void NarrowWeightGradient(const PanelShape& shape, PanelRange range, const OuterProducts<Real>& product) {
  static_assert(kNarrowOutputs == 4);
  switch (range.panels) {
    case 1:
      NarrowGradientTiles<Lanes, 1>::All(product);
      break;
    case 2:
      NarrowGradientTiles<Lanes, 2>::All(product);
      break;
    case 3:
      NarrowGradientTiles<Lanes, 3>::All(product);
      break;
    case 4:
      NarrowGradientTiles<Lanes, 4>::All(product);
      break;
  }
  if (range.row_end < shape.rows()) return;
  for (int64_t o = 0; o < range.panels; ++o) {
    Real* const out = product.out + o * shape.narrow_stride() - range.row_begin;
    for (int64_t row = shape.rows(); row < shape.narrow_stride(); ++row) out[row] = 0;
  }
}

// `product` of one panel.
template <typename Lanes, typename Real = typename Lanes::Real>
inline void PanelWeightGradient(int64_t width, OuterProducts<Real> product, LineFetcher<Lanes>& fetcher) {
  constexpr int64_t kPair = 2 * Lanes::kCount;
  product.out_stride = width;
  for (int64_t left = width; left > 0; left -= kPair) {
    if (left >= kPair) {
      GradientsOfColumns<Lanes, 2>(product, fetcher);
    } else {
      GradientsOfColumns<Lanes, 1>(product, fetcher);
    }
    product.dy.data += kPair;
    product.dy.columns -= kPair;
    product.out += kPair;
  }
}

template <typename Lanes, typename Real = typename Lanes::Real>
void WeightGradient(const PanelShape& shape, PanelRange range, MatrixView<const Real> x, MatrixView<const Real> dy,
                    bool add, Real* out, const Touched<Real>& touched) {
  const int64_t rows = range.row_end - range.row_begin;
  const MatrixView<const Real> inputs = {x.data + range.row_begin, x.rows, rows, x.stride};
  if (shape.narrow()) {
    const MatrixView<const Real> gradient = {dy.data + range.panel, dy.rows, range.panels, dy.stride};
    return NarrowWeightGradient<Lanes>(shape, range, {inputs, gradient, add, out, shape.narrow_stride()});
  }
  LineFetcher<Lanes> fetcher(touched);
  for (int64_t panel = range.panel; panel < range.panel + range.panels; ++panel) {
    const int64_t column = panel * kPanelWidth;
    const int64_t width = shape.panel_width(panel);
    const MatrixView<const Real> gradient = {dy.data + column, dy.rows, shape.outputs - column, dy.stride};
    PanelWeightGradient<Lanes>(width, OuterProducts<Real>{inputs, gradient, add, out, width}, fetcher);
    out += rows * width;
  }
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_WEIGHT_GRADIENTS_H_
