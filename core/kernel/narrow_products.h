// Rows times weights that lie by output: dot products of 16 chains, whose sums are added in a fixed tree.

#ifndef TRAINYARD_CORE_KERNEL_NARROW_PRODUCTS_H_
#define TRAINYARD_CORE_KERNEL_NARROW_PRODUCTS_H_

#include <algorithm>
#include <cstdint>

#include "core/kernel/panels.h"
#include "core/kernel/product.h"
#include "core/kernel/rows.h"
#include "core/kernel/tiles.h"

namespace trainyard::kernel {

template <typename Lanes, int outputs>
struct NarrowTiles {
  using Real = typename Lanes::Real;
  using Function = void (*)(const Product<Real>& product, int64_t row);

  static constexpr int kParts = kLanes / Lanes::kCount;
  static constexpr int kRows = std::clamp(Lanes::kAccumulators / (outputs * kParts), 1, 16 / outputs);

  // kLanes elements of each dot product, of which `left` are there.
  template <int rows, typename... Left>
  static void Accumulate(const Real* a, int64_t a_stride, const Real* weights, int64_t step,
                         typename Lanes::Vector (&sums)[rows][outputs][kParts], Left... left) {
#pragma GCC unroll 16
    for (int part = 0; part < kParts; ++part) {
      const auto lanes = LanesOf(part, left...);
      const int64_t offset = part * Lanes::kCount;
      typename Lanes::Vector columns[outputs];
#pragma GCC unroll 4
      for (int o = 0; o < outputs; ++o) columns[o] = Lanes::Load(lanes, weights + o * step + offset);
#pragma GCC unroll 16
      for (int r = 0; r < rows; ++r) {
        const auto elements = Lanes::Load(lanes, a + r * a_stride + offset);
#pragma GCC unroll 4
        for (int o = 0; o < outputs; ++o) sums[r][o][part] = Lanes::Fma(elements, columns[o], sums[r][o][part]);
      }
    }
  }
  static auto LanesOf(int) { return typename Lanes::All(); }
  static auto LanesOf(int part, int64_t left) { return Lanes::FirstLanes(left - part * Lanes::kCount); }

  template <int rows>
  static void Tile(const Product<Real>& product, int64_t row) {
    typename Lanes::Vector sums[rows][outputs][kParts];
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 4
      for (int o = 0; o < outputs; ++o) {
#pragma GCC unroll 16
        for (int part = 0; part < kParts; ++part) sums[r][o][part] = Lanes::Zero();
      }
    }
    const int64_t stride = product.a.stride;
    const int64_t step = product.shape.narrow_stride();
    const Real* a = product.a.data + row * stride;
    const Real* weights = product.weights;
    int64_t left = product.depth;
    if constexpr (!Lanes::kFreeMasks) {
      for (; left >= kLanes; left -= kLanes, a += kLanes, weights += kLanes) {
        Accumulate<rows>(a, stride, weights, step, sums);
      }
    }
    for (; left > 0; left -= kLanes, a += kLanes, weights += kLanes) {
      Accumulate<rows>(a, stride, weights, step, sums, left);
    }
    Store(product, row, sums);
  }

  // kCount dot products at a time: in lane i that of row i / outputs and output i mod outputs.
  template <int rows>
  static void Store(const Product<Real>& product, int64_t row, typename Lanes::Vector (&sums)[rows][outputs][kParts]) {
    constexpr int kSums = rows * outputs;
    constexpr int kGroups = (kSums + Lanes::kCount - 1) / Lanes::kCount;
    Real results[kGroups * Lanes::kCount];
    Real gates[kGroups * Lanes::kCount];
    if (product.gate != nullptr && product.epilogue != Epilogue::kNone) {
      const Real* gate = product.gate + row * product.gate_stride;
#pragma GCC unroll 16
      for (int i = 0; i < kSums; ++i) gates[i] = gate[i / outputs * product.gate_stride + i % outputs];
#pragma GCC unroll 16
      for (int i = kSums; i < kGroups * Lanes::kCount; ++i) gates[i] = 0;
    }
#pragma GCC unroll 16
    for (int group = 0; group < kGroups; ++group) {
      typename Lanes::Vector vectors[Lanes::kCount];
#pragma GCC unroll 16
      for (int i = 0; i < Lanes::kCount; ++i) {
        const int sum = group * Lanes::kCount + i;
        vectors[i] = sum < kSums ? SumOfVectors<Lanes>(sums[sum / outputs % rows][sum % outputs]) : Lanes::Zero();
      }
      const auto finished = Finished<Lanes>(product, Lanes::Sums(vectors), gates + group * Lanes::kCount);
      Lanes::Store(results + group * Lanes::kCount, finished);
    }
    Real* y = product.y.data + row * product.y.stride;
    const int64_t y_stride = product.y.stride;
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r, y += y_stride) {
#pragma GCC unroll 4
      for (int o = 0; o < outputs; ++o) y[o] = results[r * outputs + o];
    }
  }

  static void Multiply(const Product<Real>& product) {
    static constexpr auto kTiles = TileTable<NarrowTiles, Function, kRows>::Of();
    CutEvenly(product.a.rows, kRows, [&](int64_t row, int64_t rows) { kTiles[rows](product, row); });
  }
};

template <typename Lanes>
inline void MultiplyNarrow(const Product<typename Lanes::Real>& product) {
  static_assert(kNarrowOutputs == 4);
  switch (product.shape.outputs) {
    case 1:
      return NarrowTiles<Lanes, 1>::Multiply(product);
    case 2:
      return NarrowTiles<Lanes, 2>::Multiply(product);
    case 3:
      return NarrowTiles<Lanes, 3>::Multiply(product);
    case 4:
      return NarrowTiles<Lanes, 4>::Multiply(product);
  }
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_NARROW_PRODUCTS_H_
