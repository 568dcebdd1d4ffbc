#include "core/base/random.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "Random123/philox.h"
#include "absl/numeric/int128.h"

namespace trainyard {

std::array<uint64_t, 2> RandomStream::Pair(uint64_t block) const {
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(step_),
       static_cast<uint32_t>(step_ >> 32 << 8) | static_cast<uint32_t>(purpose_)}};
  const r123::Philox4x32::key_type key = {{static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)}};
  const r123::Philox4x32::ctr_type bits = r123::Philox4x32()(counter, key);
  return {bits[0] | static_cast<uint64_t>(bits[1]) << 32, bits[2] | static_cast<uint64_t>(bits[3]) << 32};
}

uint64_t RandomStream::Bits(uint64_t index) const { return Pair(index / 2)[index % 2]; }

uint64_t RandomStream::Below(uint64_t bound, uint64_t index) const {
  absl::uint128 product = absl::uint128(Bits(index)) * bound;
  if (absl::Uint128Low64(product) < bound) {
    const uint64_t threshold = -bound % bound;
    while (absl::Uint128Low64(product) < threshold) {
      index += uint64_t{1} << 32;
      product = absl::uint128(Bits(index)) * bound;
    }
  }
  return absl::Uint128High64(product);
}

double RandomStream::Normal(uint64_t index) const {
  // Within (0, 1), with neither end.
  const double radius = (static_cast<double>(Bits(2 * index) >> 12) + 0.5) * 0x1.0p-52;
  const double angle = 2 * std::numbers::pi * Uniform(2 * index + 1);
  return std::sqrt(-2 * std::log(radius)) * std::cos(angle);
}

void RandomStream::Shuffle(std::span<uint32_t> items) const {
  uint64_t index = 0;
  std::array<uint64_t, 2> pair{};
  const auto next = [&] {
    if (index % 2 == 0) pair = Pair(index / 2);
    return pair[index++ % 2];
  };
  for (uint64_t i = items.size(); i > 1; --i) {
    // Lemire (2019): the high half of bits * i is uniform in [0, i) once the low half has passed the threshold 2^64 mod i.
    absl::uint128 product = absl::uint128(next()) * i;
    if (absl::Uint128Low64(product) < i) {
      const uint64_t threshold = -i % i;
      while (absl::Uint128Low64(product) < threshold) product = absl::uint128(next()) * i;
    }
    std::swap(items[i - 1], items[absl::Uint128High64(product)]);
  }
}

}  // namespace trainyard
