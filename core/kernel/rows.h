// Elements one after another, in vectors.

#ifndef TRAINYARD_CORE_KERNEL_ROWS_H_
#define TRAINYARD_CORE_KERNEL_ROWS_H_

#include <cstdint>
#include <span>

#include "core/base/matrix.h"

namespace trainyard::kernel {

// visit(i, lanes) for i = 0, kCount, ..., where `lanes` (All or a mask) are those that there are.
template <typename Lanes, typename Visit>
inline void ForEachVector(int64_t count, Visit visit) {
  int64_t i = 0;
  for (; i + Lanes::kCount <= count; i += Lanes::kCount) visit(i, typename Lanes::All());
  if (i < count) visit(i, Lanes::FirstLanes(count - i));
}

// Vectors i and i + n/2 added, for n = count and its halves.
template <typename Lanes, int count>
inline typename Lanes::Vector SumOfVectors(typename Lanes::Vector (&vectors)[count]) {
#pragma GCC unroll 8
  for (int half = count / 2; half > 0; half /= 2) {
#pragma GCC unroll 32
    for (int i = 0; i < half; ++i) vectors[i] = Lanes::Add(vectors[i], vectors[i + half]);
  }
  return vectors[0];
}

template <typename Lanes, typename Real = typename Lanes::Real>
void GatherRows(const Real* from, int64_t stride, std::span<const uint32_t> rows, MatrixView<Real> to) {
  constexpr int64_t kLine = 64 / sizeof(Real);
  for (size_t i = 0; i < rows.size(); ++i) {
    const Real* const source = from + rows[i] * stride;
    Real* const target = to.data + static_cast<int64_t>(i) * to.stride;
    for (int64_t line = 0; line < to.columns; line += kLine) {
#pragma GCC unroll 16
      for (int64_t j = line; j < line + kLine; j += Lanes::kCount) Lanes::Store(target + j, Lanes::Load(source + j));
    }
  }
}

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_ROWS_H_
