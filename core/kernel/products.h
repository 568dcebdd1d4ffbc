// Rows times weights in panels: the forward product, and the gradient of the inputs with the weights transposed.
//
// A tile is up to 14 rows by one or two vectors of columns; its sums stay in registers while k runs over all summed elements. A panel streams
// from the second-level cache, so the rows are taken in blocks that stay near. Few rows do not fill the latency of an addition: they take
// several panels at once. None of this changes the order of a sum.

#ifndef TRAINYARD_CORE_KERNEL_PRODUCTS_H_
#define TRAINYARD_CORE_KERNEL_PRODUCTS_H_

#include <algorithm>
#include <cstdint>

#include "core/kernel/kernels.h"
#include "core/kernel/narrow_products.h"
#include "core/kernel/panels.h"
#include "core/kernel/product.h"
#include "core/kernel/row_cursor.h"
#include "core/kernel/tiles.h"

namespace trainyard::kernel {

// `sums` of `row` and following, from `column` on, finished and stored.
template <typename Lanes, int rows, int vectors>
inline void Finish(const Product<typename Lanes::Real>& product, typename Lanes::Vector (&sums)[rows][vectors],
                   int64_t row, int64_t column) {
  using Vector = typename Lanes::Vector;
  typename Lanes::Mask masks[vectors];
#pragma GCC unroll 16
  for (int v = 0; v < vectors; ++v) masks[v] = Lanes::FirstLanes(product.shape.outputs - column - v * Lanes::kCount);
  if (product.epilogue != Epilogue::kNone) {
    const Vector zero = Lanes::Zero();
    const Vector slope = Lanes::Broadcast(product.slope);
    const bool leaky = product.epilogue == Epilogue::kLeakyRelu;
    if (product.gate != nullptr) {
      const auto* gate = product.gate + row * product.gate_stride + column;
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) {
          const auto open =
              Lanes::Less(zero, Lanes::Load(masks[v], gate + r * product.gate_stride + v * Lanes::kCount));
          const Vector closed = leaky ? Lanes::Multiply(slope, sums[r][v]) : zero;
          sums[r][v] = Lanes::Select(open, sums[r][v], closed);
        }
      }
    } else if (leaky) {
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) {
          const Vector z = sums[r][v];
          sums[r][v] = Lanes::Select(Lanes::Less(z, zero), Lanes::Multiply(slope, z), z);
        }
      }
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < vectors; ++v) sums[r][v] = Lanes::Max(zero, sums[r][v]);
      }
    }
  }
  const bool whole = product.shape.outputs - column >= vectors * Lanes::kCount;
  auto* y = product.y.data + row * product.y.stride + column;
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < vectors; ++v) {
      if (whole) {
        Lanes::Store(y + r * product.y.stride + v * Lanes::kCount, sums[r][v]);
      } else {
        Lanes::Store(masks[v], y + r * product.y.stride + v * Lanes::kCount, sums[r][v]);
      }
    }
  }
}

// Adds a_rk B_kc of one k; `offset` is that of row k of the panel.
template <typename Lanes, int rows, int blocks, int width>
inline void Accumulate(const RowCursor<typename Lanes::Real, rows>& a, int k,
                       const typename Lanes::Real* const (&b)[blocks], int64_t offset,
                       typename Lanes::Vector (&sums)[rows][blocks * width]) {
  typename Lanes::Vector columns[blocks * width];
#pragma GCC unroll 16
  for (int v = 0; v < blocks * width; ++v) {
    columns[v] = Lanes::Load(b[v / width] + offset + v % width * Lanes::kCount);
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r) {
    const auto element = Lanes::Broadcast(a.At(r, k));
#pragma GCC unroll 16
    for (int v = 0; v < blocks * width; ++v) sums[r][v] = Lanes::Fma(element, columns[v], sums[r][v]);
  }
}

// A tile function of `rows` rows and `blocks` neighbouring blocks of `width` vectors, each summed in `chains` chains. `b` shows the first row
// of each block, `step` the elements from row to row.
template <typename Lanes, int blocks, int width, int chains>
struct ProductTiles {
  using Real = typename Lanes::Real;
  using Function = void (*)(const Product<Real>& product, const Real* const (&b)[blocks], int64_t step, int64_t row,
                            int64_t column);

  static constexpr int kVectors = blocks * width;
  static constexpr int kRows = std::min(Lanes::kTileRows, Lanes::kAccumulators / (kVectors * chains));

  template <int rows>
  static void Tile(const Product<Real>& product, const Real* const (&b)[blocks], int64_t step, int64_t row,
                   int64_t column) {
    typename Lanes::Vector sums[chains][rows][kVectors];
#pragma GCC unroll 2
    for (int c = 0; c < chains; ++c) {
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) sums[c][r][v] = Lanes::Zero();
      }
    }
    const int64_t depth = product.depth;
    RowCursor<Real, rows> a(product.a.data + row * product.a.stride, product.a.stride);
    const Real* panel[blocks];
#pragma GCC unroll 4
    for (int i = 0; i < blocks; ++i) panel[i] = b[i];
    int64_t offset = 0;
    for (int64_t k = chains; k <= depth; k += chains) {
#pragma GCC unroll 2
      for (int c = 0; c < chains; ++c, offset += step) {
        Accumulate<Lanes, rows, blocks, width>(a, c, panel, offset, sums[c]);
      }
      a.Advance(chains);
    }
    if constexpr (chains == 2) {
      if (depth % 2 == 1) Accumulate<Lanes, rows, blocks, width>(a, 0, panel, offset, sums[0]);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) sums[0][r][v] = Lanes::Add(sums[0][r][v], sums[1][r][v]);
      }
    }
    Finish<Lanes, rows, kVectors>(product, sums[0], row, column);
  }

  static constexpr auto kTiles = TileTable<ProductTiles, Function, kRows>::Of();
};

// All rows from `row_begin` on by one block of columns.
template <typename Lanes, int width, int chains>
inline void MultiplyBlock(const Product<typename Lanes::Real>& product, int64_t row_begin, int64_t row_count,
                          int64_t column) {
  using Tiles = ProductTiles<Lanes, 1, width, chains>;
  const int64_t panel = column / kPanelWidth;
  const typename Lanes::Real* const b[1] = {product.weights + product.shape.panel_begin(panel) + column % kPanelWidth};
  CutEvenly(row_count, Tiles::kRows, [&](int64_t begin, int64_t rows) {
    Tiles::kTiles[rows](product, b, product.shape.panel_width(panel), row_begin + begin, column);
  });
}

// The columns from `column` on, several blocks at once as long as there are whole panels; returns the first column that is left.
template <typename Lanes, int rows, int blocks>
inline int64_t MultiplyFewRows(const Product<typename Lanes::Real>& product, int64_t column) {
  constexpr int kWidth = 2;
  constexpr int64_t kBlock = kWidth * Lanes::kCount;
  const int64_t whole = product.shape.padded_outputs() / kPanelWidth * kPanelWidth;
  for (; column + blocks * kBlock <= whole; column += blocks * kBlock) {
    const typename Lanes::Real* b[blocks];
    for (int i = 0; i < blocks; ++i) {
      const int64_t here = column + i * kBlock;
      b[i] = product.weights + product.shape.panel_begin(here / kPanelWidth) + here % kPanelWidth;
    }
    ProductTiles<Lanes, blocks, kWidth, 1>::template Tile<rows>(product, b, kPanelWidth, 0, column);
  }
  return column;
}

template <typename Lanes>
inline int64_t MultiplyFewRows(const Product<typename Lanes::Real>& product) {
  constexpr int kMost = Lanes::kAccumulators / 2;  // blocks that fit, of one row
  if (product.a.rows == 1) {
    const int64_t column = MultiplyFewRows<Lanes, 1, 4>(product, 0);
    return MultiplyFewRows<Lanes, 1, 2>(product, column);
  }
  if (product.a.rows == 2) return MultiplyFewRows<Lanes, 2, 2>(product, 0);
  if constexpr (kMost >= 6) {
    if (product.a.rows == 3) return MultiplyFewRows<Lanes, 3, 2>(product, 0);
  }
  return 0;
}

template <typename Lanes>
inline void MultiplyPanels(const Product<typename Lanes::Real>& product) {
  constexpr int64_t kRowBlock = 64;
  constexpr int64_t kPair = 2 * Lanes::kCount;
  const int64_t outputs = product.shape.outputs;
  const bool two_chains = outputs <= kLanes;
  const int64_t first = two_chains ? 0 : MultiplyFewRows<Lanes>(product);
  CutEvenly(product.a.rows, kRowBlock, [&](int64_t row, int64_t rows) {
    int64_t column = first;
    while (column < outputs) {
      const int64_t panel_end = std::min((column / kPanelWidth + 1) * kPanelWidth, product.shape.padded_outputs());
      if (panel_end - column >= kPair) {
        if (two_chains) {
          MultiplyBlock<Lanes, 2, 2>(product, row, rows, column);
        } else {
          MultiplyBlock<Lanes, 2, 1>(product, row, rows, column);
        }
        column += kPair;
      } else if constexpr (Lanes::kCount == kLanes) {
        if (two_chains) {
          MultiplyBlock<Lanes, 1, 2>(product, row, rows, column);
        } else {
          MultiplyBlock<Lanes, 1, 1>(product, row, rows, column);
        }
        column += Lanes::kCount;
      }
    }
  });
}

template <typename Lanes>
inline void Multiply(const Product<typename Lanes::Real>& product) {
  if (product.shape.narrow()) {
    MultiplyNarrow<Lanes>(product);
  } else {
    MultiplyPanels<Lanes>(product);
  }
}

template <typename Lanes>
void Forward(const PanelShape& shape, const typename Lanes::Real* weights, MatrixView<const typename Lanes::Real> x,
             Epilogue epilogue, typename Lanes::Real slope, MatrixView<typename Lanes::Real> y) {
  Multiply<Lanes>({shape, shape.rows(), weights, x, epilogue, slope, nullptr, 0, y});
}

template <typename Lanes>
void InputGradient(const PanelShape& shape, const typename Lanes::Real* transposed,
                   MatrixView<const typename Lanes::Real> dy, Epilogue epilogue, typename Lanes::Real slope,
                   MatrixView<const typename Lanes::Real> x, MatrixView<typename Lanes::Real> dx) {
  Multiply<Lanes>(
      {{shape.outputs, shape.inputs}, shape.outputs, transposed, dy, epilogue, slope, x.data, x.stride, dx});
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_PRODUCTS_H_
