// Random numbers that are a function of (seed, purpose, step, index) and of nothing else.
//
// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a keyed bijection of a counter. Any number can be
// asked at any time, in any order, on any thread.

#ifndef TRAINYARD_CORE_BASE_RANDOM_H_
#define TRAINYARD_CORE_BASE_RANDOM_H_

#include <array>
#include <cstdint>
#include <span>

namespace trainyard {

// What numbers are for: streams of different purposes are independent. The values are part of the promise of equal bits.
enum class RandomPurpose : uint8_t {
  kSplit = 1,
  kPermutation = 2,
  kInitialWeights = 3,
  kWindowRows = 10,
  kReplacement = 11,
  kProjection = 12,
};

class RandomStream {
 public:
  // `step` separates streams of one purpose: the epoch of a permutation, the minibatch of draws, the layer of initial weights.
  RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t step) : seed_(seed), purpose_(purpose), step_(step) {}

  // 64 uniform bits.
  uint64_t Bits(uint64_t index) const;

  // Uniform in [0, 1), a multiple of 2^-53.
  double Uniform(uint64_t index) const { return static_cast<double>(Bits(index) >> 11) * 0x1.0p-53; }

  // Uniform in [0, bound), unbiased (Lemire's rejection), a function of `index` alone; bound at least 1, index below 2^32.
  uint64_t Below(uint64_t bound, uint64_t index) const;

  // Standard normal, never 0 and at most 8.6 in magnitude: the cosine half of Box and Muller (1958), from Bits(2 index) and
  // Bits(2 index + 1).
  double Normal(uint64_t index) const;

  // Shuffles uniformly (Fisher and Yates), unbiased (Lemire's rejection), from the numbers of this stream from index 0 on.
  void Shuffle(std::span<uint32_t> items) const;

 private:
  // Bits(2 block) and Bits(2 block + 1).
  std::array<uint64_t, 2> Pair(uint64_t block) const;

  // Bits(2 block), ..., Bits(2 block + kTogether - 1): many at once cost a third.
  static constexpr int kTogether = 32;
  void Fill(uint64_t block, std::span<uint64_t, kTogether> bits) const;

  uint64_t seed_;
  RandomPurpose purpose_;
  uint64_t step_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_RANDOM_H_
