// Sums over many elements, in double and on a fixed grid: 16 chains, element i in chain i mod 16, added in order at the end. So a sum does
// not depend on how many threads or which processor made it.

#ifndef TRAINYARD_CORE_BASE_SQUARED_NORM_H_
#define TRAINYARD_CORE_BASE_SQUARED_NORM_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace trainyard {

// sum_i x_i^2
template <typename Real>
double SquaredNorm(std::span<const Real> x) {
  constexpr size_t kChains = 16;
  std::array<double, kChains> chains{};
  const size_t whole = x.size() / kChains * kChains;
  for (size_t i = 0; i < whole; i += kChains) {
    for (size_t c = 0; c < kChains; ++c) {
      const double value = x[i + c];
      chains[c] += value * value;
    }
  }
  for (size_t i = whole; i < x.size(); ++i) {
    const double value = x[i];
    chains[i - whole] += value * value;
  }
  double sum = 0;
  for (const double chain : chains) sum += chain;
  return sum;
}

// At least the magnitude of each of the numbers of which `norm` is the 2-norm. Squares of numbers below 2^-511 vanish.
inline double LargestOfNorm(double norm) { return std::max(norm, 0x1p-511); }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_SQUARED_NORM_H_
