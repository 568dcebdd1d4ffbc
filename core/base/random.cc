#include "core/base/random.h"

#include <immintrin.h>

#include <cmath>
#include <utility>

#include "Random123/philox.h"
#include "absl/numeric/int128.h"
#include "core/base/elementary.h"

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
  // Within (0, 1), with neither end nor a quarter.
  const auto uniform = [this](uint64_t i) { return (static_cast<double>(Bits(i) >> 12) + 0.5) * 0x1.0p-52; };
  return std::sqrt(-2 * Log(uniform(2 * index))) * CosOfPi(2 * uniform(2 * index + 1));
}

// The ten rounds side by side for several counters, each word of which lies in the low half of a lane; what is in the high half does not
// matter.
void RandomStream::Fill(uint64_t block, std::span<uint64_t, kTogether> bits) const {
  constexpr int kLanes = 4;
  constexpr int kVectors = kTogether / 2 / kLanes;
  const auto all = [](uint64_t x) { return _mm256_set1_epi64x(static_cast<int64_t>(x)); };
  const __m256i multipliers[2] = {all(0xD2511F53), all(0xCD9E8D57)};
  __m256i x[4][kVectors];
  for (int v = 0; v < kVectors; ++v) {
    x[0][v] = _mm256_add_epi64(all(block + static_cast<uint64_t>(v) * kLanes), _mm256_set_epi64x(3, 2, 1, 0));
    x[1][v] = _mm256_srli_epi64(x[0][v], 32);
    x[2][v] = all(step_);
    x[3][v] = all(step_ >> 32 << 8 | static_cast<uint64_t>(purpose_));
  }
  uint32_t key[2] = {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)};
  for (int round = 0; round < 10; ++round, key[0] += 0x9E3779B9, key[1] += 0xBB67AE85) {
    const __m256i keys[2] = {all(key[0]), all(key[1])};
    for (int v = 0; v < kVectors; ++v) {
      const __m256i even = _mm256_mul_epu32(multipliers[0], x[0][v]);
      const __m256i odd = _mm256_mul_epu32(multipliers[1], x[2][v]);
      x[0][v] = _mm256_xor_si256(_mm256_srli_epi64(odd, 32), _mm256_xor_si256(x[1][v], keys[0]));
      x[2][v] = _mm256_xor_si256(_mm256_srli_epi64(even, 32), _mm256_xor_si256(x[3][v], keys[1]));
      x[1][v] = odd;
      x[3][v] = even;
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    constexpr int kHighHalves = 0xaa;
    const __m256i first = _mm256_blend_epi32(x[0][v], _mm256_slli_epi64(x[1][v], 32), kHighHalves);
    const __m256i second = _mm256_blend_epi32(x[2][v], _mm256_slli_epi64(x[3][v], 32), kHighHalves);
    const __m256i low = _mm256_unpacklo_epi64(first, second);
    const __m256i high = _mm256_unpackhi_epi64(first, second);
    auto* const out = reinterpret_cast<__m256i*>(bits.data() + 2 * kLanes * v);
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(low, high, 0x31));
  }
}

void RandomStream::Shuffle(std::span<uint32_t> items) const {
  uint64_t index = 0;
  std::array<uint64_t, kTogether> bits;
  const auto next = [&] {
    const uint64_t place = index % kTogether;
    if (place == 0) Fill(index / 2, bits);
    ++index;
    return bits[place];
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
