// Most numbers in text: at most 15 digits, a point among them perhaps, no exponent. Read without a branch that depends on where the point
// is or how many digits there are. Split from core/data/number.h, which reads all numbers, so that it can be inlined.

#ifndef TRAINYARD_CORE_DATA_SHORT_NUMBER_H_
#define TRAINYARD_CORE_DATA_SHORT_NUMBER_H_

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace trainyard {

// Of a short number without its sign, in bytes.
inline constexpr size_t kShortNumberSize = 16;

// With so many digits at most, both they and their power of ten are doubles: one division rounds correctly (Clinger 1990).
inline constexpr int kExactDigits = 15;
inline constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                          1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

// 16 digits, each a byte of 0 to 9, the first the highest.
inline uint64_t CombineDigits(__m128i digits) {
  const __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
  const __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const uint64_t halves = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  return (halves & 0xFFFFFFFF) * 100'000'000 + (halves >> 32);
}

// The number of which `bytes` holds the first `size`, 1 to 16, whatever follows them. False for all other texts.
inline bool ParseShortNumber(__m128i bytes, int size, bool negative, double* value) {
  const __m128i numbers = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
  const __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(numbers, _mm_set1_epi8(9)), numbers);
  const uint32_t within = (1u << size) - 1;
  const uint32_t others = ~static_cast<uint32_t>(_mm_movemask_epi8(digit)) & within;
  const uint32_t points = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.')))) & within;
  const int has_point = points != 0;
  const int digits = size - has_point;
  if (others != points || (points & (points - 1)) != 0 || digits < 1 || digits > kExactDigits) return false;

  // Digit i goes to lane 16 - digits + i; those behind the point come from one byte further right. Negative lanes become 0.
  const int point = std::countr_zero(points | 1u << size);
  const __m128i lanes = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m128i sources = _mm_sub_epi8(lanes, _mm_set1_epi8(static_cast<char>(16 - digits)));
  const __m128i behind = _mm_cmpgt_epi8(sources, _mm_set1_epi8(static_cast<char>(point - 1)));
  const uint64_t number = CombineDigits(_mm_shuffle_epi8(numbers, _mm_sub_epi8(sources, behind)));
  const double magnitude =
      static_cast<double>(static_cast<int64_t>(number)) / kPowersOfTen[has_point * (size - point - 1)];
  *value = std::bit_cast<double>(std::bit_cast<uint64_t>(magnitude) | static_cast<uint64_t>(negative) << 63);
  return true;
}

// Bytes that may be read from the start of a number's text.
inline constexpr size_t kShortNumberReach = kShortNumberSize + 1;

// The same for a text of which kShortNumberReach bytes can be read.
inline bool ParseShortNumber(std::string_view text, double* value) {
  const bool negative = text.data()[0] == '-';
  const size_t size = text.size() - negative;
  if (size - 1 >= kShortNumberSize) return false;
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + negative));
  return ParseShortNumber(bytes, static_cast<int>(size), negative, value);
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_SHORT_NUMBER_H_
