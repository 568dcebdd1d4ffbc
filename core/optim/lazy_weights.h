// Weights that are not all of the same step. Those of an input lie together, with their velocities and the step that they are of, so that
// an input of one unit costs one line of the cache.

#ifndef TRAINYARD_CORE_OPTIM_LAZY_WEIGHTS_H_
#define TRAINYARD_CORE_OPTIM_LAZY_WEIGHTS_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/base/aligned_vector.h"
#include "core/base/prefetch.h"

namespace trainyard {

template <typename Real>
class LazyWeights {
 public:
  // Of one input. Number: Real or const Real.
  template <typename Number>
  class Row {
   public:
    Row(Number* data, int64_t units) : data_(data), units_(units) {}

    // The step that they are of: how many are behind them.
    int64_t step() const {
      int64_t step;
      std::memcpy(&step, data_, sizeof(step));
      return step;
    }
    void set_step(int64_t step) { std::memcpy(data_, &step, sizeof(step)); }

    // [units] each.
    Number* positions() const { return data_ + kStepSize; }
    Number* velocities() const { return data_ + kStepSize + units_; }

   private:
    Number* data_;
    int64_t units_;
  };

  LazyWeights(int64_t input_count, int64_t units)
      : units_(units), rows_(static_cast<size_t>(input_count * StrideOf(units))) {}

  Row<Real> At(int64_t input) { return {rows_.data() + input * StrideOf(units_), units_}; }
  Row<const Real> At(int64_t input) const { return {rows_.data() + input * StrideOf(units_), units_}; }

  // The same where there is one unit.
  Row<Real> AtOne(int64_t input) { return {rows_.data() + input * StrideOf(1), 1}; }

  // Writes all that there is of an input: one store where it fits in one, since a step makes many.
  void PutOne(int64_t input, int64_t step, Real position, Real velocity) {
    Real* const row = rows_.data() + input * StrideOf(1);
    if constexpr (sizeof(Real) == sizeof(float)) {
      const __m128 both = _mm_unpacklo_ps(_mm_set_ss(position), _mm_set_ss(velocity));
      const __m128i all = _mm_unpacklo_epi64(_mm_cvtsi64_si128(step), _mm_castps_si128(both));
      _mm_store_si128(reinterpret_cast<__m128i*>(row), all);
    } else {
      std::memcpy(row, &step, sizeof(step));
      row[kStepSize] = position;
      row[kStepSize + 1] = velocity;
    }
  }

  // Fetches those of an input, where there is one unit.
  void FetchOne(int64_t input) const { Prefetch(rows_.data() + input * StrideOf(1)); }

  // All of it.
  std::span<std::byte> bytes() { return std::as_writable_bytes(std::span(rows_)); }

 private:
  static constexpr int64_t kStepSize = sizeof(int64_t) / sizeof(Real);
  static constexpr int64_t StrideOf(int64_t units) { return kStepSize + 2 * units; }

  const int64_t units_;
  AlignedVector<Real> rows_;  // [inputs]: the step, as it is in memory; positions; velocities
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LAZY_WEIGHTS_H_
