// The rate of fused multiply-adds that no product can exceed.

#ifndef TRAINYARD_TESTS_BENCHMARK_FMA_LIMIT_H_
#define TRAINYARD_TESTS_BENCHMARK_FMA_LIMIT_H_

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "core/kernel/kernels.h"

namespace trainyard {

#define FMA(bits, n) "vfmadd231ps %%" bits "14, %%" bits "15, %%" bits #n "\n\t"
#define FMAS(bits) \
  FMA(bits, 0)     \
  FMA(bits, 1)     \
  FMA(bits, 2)     \
  FMA(bits, 3) FMA(bits, 4) FMA(bits, 5) FMA(bits, 6) FMA(bits, 7) FMA(bits, 8) FMA(bits, 9) FMA(bits, 10) FMA(bits, 11)

// `count` rounds of 12 independent chains.
inline void RunFmas512(int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    asm volatile(FMAS("zmm")::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                       "xmm11");
  }
}

inline void RunFmas256(int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    asm volatile(FMAS("ymm")::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                       "xmm11");
  }
}

#undef FMAS
#undef FMA

// GFLOP/s of one thread in float, with the vectors that the kernels use, in one window of some hundred microseconds.
inline double FmaRate() {
  static const bool wide = &BestKernels<float>() == &KernelsFor<float>(InstructionSet::kAvx512);
  constexpr int64_t kCount = 200000;
  const auto begin = std::chrono::steady_clock::now();
  wide ? RunFmas512(kCount) : RunFmas256(kCount);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return kCount * 12.0 * (wide ? 32 : 16) / seconds.count() / 1e9;
}

// The best of many windows, measured once.
inline double FmaLimit() {
  static const double peak = [] {
    double best = 0;
    for (int i = 0; i < 60; ++i) best = std::max(best, FmaRate());
    return best;
  }();
  return peak;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_BENCHMARK_FMA_LIMIT_H_
