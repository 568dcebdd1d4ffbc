// Four numbers at once: 2 to a register, and what is known of each stays in its lanes.

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/data/number_groups.h"

namespace trainyard {
namespace {

// A point in byte i of 16 weighs kPoint + 15 - i: kPoint and the digits behind it. Two points weigh kTwoPoints or more.
constexpr int kPoint = 32;
constexpr int kTwoPoints = 2 * kPoint;

// By the weight of a number's points: the power of ten that it is divided by.
constexpr auto kDivisors = [] {
  std::array<double, kTwoPoints> divisors{};
  divisors.fill(1);
  for (int digits = 1; digits < 16; ++digits) divisors[kPoint + digits] = divisors[kPoint + digits - 1] * 10;
  return divisors;
}();

// From byte 16 - n on: n zeros before ones.
alignas(32) constexpr auto kZerosThenOnes = [] {
  std::array<uint8_t, 32> bytes{};
  for (size_t i = 16; i < 32; ++i) bytes[i] = 0xFF;
  return bytes;
}();

__m256i LoadTwo(const void* low, const void* high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(low))),
                                 _mm_loadu_si128(static_cast<const __m128i*>(high)), 1);
}

// What two texts hold, each in the last of 16 bytes.
struct Two {
  __m256i fours;   // 4 digits to an int32, the first the highest
  __m256i points;  // their weights, a sum in each half of 8 bytes
  __m256i signs;   // 128 for a minus before all others and 1 for each point, summed as well
  __m256i faults;  // not 0 in a byte: none of the numbers that are read here
};

// `inside` is 0xFF in the bytes of the texts.
[[gnu::always_inline]] inline Two Read(__m256i bytes, __m256i inside) {
  const auto twice = [](auto... values) { return _mm256_setr_epi8(values..., values...); };
  const __m256i zero = _mm256_setzero_si256();
  const __m256i lanes = twice(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m256i numbers = _mm256_sub_epi8(bytes, _mm256_set1_epi8('0'));
  const __m256i digit = _mm256_cmpeq_epi8(_mm256_min_epu8(numbers, _mm256_set1_epi8(9)), numbers);
  const __m256i point = _mm256_and_si256(inside, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.')));
  const __m256i first = _mm256_andnot_si256(_mm256_bslli_epi128(inside, 1), inside);
  const __m256i minus = _mm256_and_si256(first, _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('-')));
  const __m256i known = _mm256_or_si256(_mm256_or_si256(digit, point), minus);

  Two two;
  two.points = _mm256_sad_epu8(_mm256_and_si256(point, _mm256_sub_epi8(_mm256_set1_epi8(kPoint + 15), lanes)), zero);
  two.signs = _mm256_sad_epu8(_mm256_or_si256(_mm256_and_si256(minus, _mm256_set1_epi8(static_cast<char>(128))),
                                              _mm256_and_si256(point, _mm256_set1_epi8(1))),
                              zero);

  // The digits before the point take its place, each one byte further right. Elsewhere there are zeros.
  const __m256i weight =
      _mm256_shuffle_epi8(_mm256_add_epi8(two.points, _mm256_shuffle_epi32(two.points, _MM_SHUFFLE(1, 0, 3, 2))), zero);
  const __m256i behind = _mm256_add_epi8(_mm256_sub_epi8(lanes, _mm256_set1_epi8(kPoint)), weight);
  const __m256i moves = _mm256_cmpeq_epi8(_mm256_min_epu8(behind, _mm256_set1_epi8(15)), behind);
  const __m256i kept = _mm256_and_si256(_mm256_and_si256(digit, inside), bytes);
  const __m256i moved = _mm256_blendv_epi8(kept, _mm256_bslli_epi128(kept, 1), moves);

  // No digit is at the end, or there are 16.
  const __m256i ends = twice(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m256i last = twice(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1);
  const __m256i none = _mm256_cmpeq_epi8(moved, zero);
  two.faults = _mm256_or_si256(_mm256_andnot_si256(known, inside),
                               _mm256_or_si256(_mm256_andnot_si256(none, ends), _mm256_and_si256(none, last)));

  const __m256i digits = _mm256_and_si256(moved, _mm256_set1_epi8(0x0F));
  two.fours = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A)), _mm256_set1_epi32(0x00010064));
  return two;
}

// Of sums in halves, [a0, a1] and [b0, b1]: a0, b0, a1, b1.
__m256i Totals(__m256i a, __m256i b) {
  return _mm256_add_epi64(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}

[[gnu::always_inline]] inline uint32_t ReadFour(const char* text, const uint32_t* ends, double* values) {
  const auto load = [](const uint32_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); };
  const __m128i sizes = _mm_sub_epi32(_mm_sub_epi32(load(ends), load(ends - 1)), _mm_set1_epi32(1));
  const __m128i fit = _mm_cmpeq_epi32(_mm_min_epu32(sizes, _mm_set1_epi32(16)), sizes);
  const uint32_t fitting = static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(fit)));
  if (fitting == 0) return 0;

  const auto bytes = [&](int i) { return text + static_cast<std::ptrdiff_t>(ends[i]) - kRowNumbersReach; };
  const auto inside = [&](int i) { return kZerosThenOnes.data() + std::min(ends[i] - ends[i - 1] - 1, 16u); };
  const Two even = Read(LoadTwo(bytes(0), bytes(2)), LoadTwo(inside(0), inside(2)));
  const Two odd = Read(LoadTwo(bytes(1), bytes(3)), LoadTwo(inside(1), inside(3)));

  const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(even.fours, odd.fours), _mm256_set1_epi32(0x00012710));
  const __m256i numbers =
      _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100'000'000)), _mm256_srli_epi64(eights, 32));
  const __m256d two52 = _mm256_set1_pd(0x1p52);
  const __m256d doubles = _mm256_sub_pd(_mm256_or_pd(_mm256_castsi256_pd(numbers), two52), two52);
  const __m256i points = _mm256_and_si256(Totals(even.points, odd.points), _mm256_set1_epi64x(kTwoPoints - 1));
  const __m256d magnitudes = _mm256_div_pd(doubles, _mm256_i64gather_pd(kDivisors.data(), points, 8));
  const __m256i signs = Totals(even.signs, odd.signs);
  const __m256d minus = _mm256_and_pd(_mm256_castsi256_pd(_mm256_slli_epi64(signs, 56)), _mm256_set1_pd(-0.0));
  _mm256_storeu_pd(values, _mm256_or_pd(magnitudes, minus));

  const __m256i zero = _mm256_setzero_si256();
  const __m256i many_points = _mm256_and_si256(signs, _mm256_set1_epi64x(126));
  const __m256i faults = _mm256_or_si256(many_points, _mm256_or_si256(_mm256_unpacklo_epi64(even.faults, odd.faults),
                                                                      _mm256_unpackhi_epi64(even.faults, odd.faults)));
  const __m256i good = _mm256_cmpeq_epi64(faults, zero);
  return fitting & static_cast<uint32_t>(_mm256_movemask_pd(_mm256_castsi256_pd(good)));
}

}  // namespace

ReadRowNumbers RowNumbersAvx2() { return &ReadInGroups<4, &ReadFour>; }

}  // namespace trainyard
