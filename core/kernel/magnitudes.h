// How large the elements of an array are.

#ifndef TRAINYARD_CORE_KERNEL_MAGNITUDES_H_
#define TRAINYARD_CORE_KERNEL_MAGNITUDES_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

#include "core/base/matrix.h"
#include "core/kernel/rows.h"

namespace trainyard::kernel {

// Of at most 4,096 elements: 64 chains, element i in chain i mod 64, added in a fixed tree.
template <typename Lanes, typename Real = typename Lanes::Real>
inline Real SquaresOfBlock(const Real* x, int64_t count) {
  constexpr int64_t kChains = 64;
  constexpr int kVectors = kChains / Lanes::kCount;
  typename Lanes::Vector sums[kVectors];
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) sums[v] = Lanes::Zero();
  int64_t i = 0;
  for (; i + kChains <= count; i += kChains) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      const auto here = Lanes::Load(x + i + v * Lanes::kCount);
      sums[v] = Lanes::Fma(here, here, sums[v]);
    }
  }
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    const int64_t begin = i + v * Lanes::kCount;
    const auto here = Lanes::Load(Lanes::FirstLanes(count - begin), x + begin);
    sums[v] = Lanes::Fma(here, here, sums[v]);
  }
  return Lanes::Sum(SumOfVectors<Lanes>(sums));
}

template <typename Lanes, typename Real = typename Lanes::Real>
Real LargestMagnitude(MatrixView<const Real> x) {
  const auto zero = Lanes::Zero();
  auto largest = zero;
  auto poison = zero;  // 0 times what is not finite is not a number
  for (int64_t row = 0; row < x.rows; ++row) {
    const Real* const elements = x.data + row * x.stride;
    ForEachVector<Lanes>(x.columns, [&](int64_t i, auto lanes) {
      const auto here = Lanes::Load(lanes, elements + i);
      largest = Lanes::Max(Lanes::Abs(here), largest);
      poison = Lanes::Fma(here, zero, poison);
    });
  }
  if (!(Lanes::Sum(poison) == 0)) return std::numeric_limits<Real>::infinity();
  Real of_lanes[Lanes::kCount];
  Lanes::Store(of_lanes, largest);
  Real result = 0;
  for (const Real magnitude : of_lanes) result = magnitude > result ? magnitude : result;
  return result;
}

// The squares in double: 16 chains, element i in chain i mod 16, added in order.
template <typename Lanes, typename Real = typename Lanes::Real>
double SquaresInDouble(const Real* x, int64_t count) {
  constexpr int64_t kChains = 16;
  double chains[kChains] = {};
  int64_t i = 0;
  for (; i + kChains <= count; i += kChains) {
    for (int64_t c = 0; c < kChains; ++c) {
      const double value = x[i + c];
      chains[c] += value * value;
    }
  }
  for (int64_t c = 0; i + c < count; ++c) {
    const double value = x[i + c];
    chains[c] += value * value;
  }
  double sum = 0;
  for (const double chain : chains) sum += chain;
  return sum;
}

// Floats whose squares may be too large or too small for a float are summed in double.
template <typename Lanes, typename Real = typename Lanes::Real>
double SquaredNorm(std::span<const Real> x) {
  constexpr int64_t kBlock = 4096;
  constexpr double kLeast = std::numeric_limits<float>::min() * 0x1p40;
  constexpr double kMost = std::numeric_limits<float>::max();
  const int64_t size = static_cast<int64_t>(x.size());
  double sum = 0;
  for (int64_t begin = 0; begin < size; begin += kBlock) {
    const Real* const block = x.data() + begin;
    const int64_t count = std::min(kBlock, size - begin);
    const double squares = SquaresOfBlock<Lanes>(block, count);
    if (sizeof(Real) == sizeof(double) || (squares >= kLeast && squares <= kMost)) {
      sum += squares;
    } else if (squares != 0 || LargestMagnitude<Lanes>({block, 1, count, count}) > 0) {
      sum += SquaresInDouble<Lanes>(block, count);
    }
  }
  return sum;
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_MAGNITUDES_H_
