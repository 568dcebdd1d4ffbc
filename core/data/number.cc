#include "core/data/number.h"

#include <fast_float/fast_float.h>
#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace trainyard {
namespace {

// With so many digits at most, both they and their power of ten are doubles: one division rounds correctly (Clinger 1990).
constexpr int kExactDigits = 15;
constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

__extension__ using Bits128 = unsigned __int128;

template <typename Word>
Word Load(const char* bytes) {
  Word word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// 1 to 16 bytes, then zeros; reads nothing beyond them.
__m128i LoadBytes(const char* begin, int size) {
  const auto overlapped = [&]<typename Word>(Word first) {
    const int shift = 8 * (size - static_cast<int>(sizeof(Word)));
    const Word last = Load<Word>(begin + size - sizeof(Word));
    const Bits128 both = static_cast<Bits128>(last) << shift | first;
    return _mm_set_epi64x(static_cast<int64_t>(both >> 64), static_cast<int64_t>(both));
  };
  if (size >= 8) return overlapped(Load<uint64_t>(begin));
  if (size >= 4) return overlapped(Load<uint32_t>(begin));
  if (size >= 2) return overlapped(Load<uint16_t>(begin));
  return overlapped(Load<uint8_t>(begin));
}

// 16 digits, each a byte of 0 to 9, the first the highest.
uint64_t Combine(__m128i digits) {
  const __m128i twos = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x010A));
  const __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
  const __m128i eights = _mm_madd_epi16(_mm_packus_epi32(fours, fours), _mm_set1_epi32(0x00012710));
  const uint64_t halves = static_cast<uint64_t>(_mm_cvtsi128_si64(eights));
  return (halves & 0xFFFFFFFF) * 100'000'000 + (halves >> 32);
}

// Most numbers: at most 15 digits, a point among them perhaps, no exponent. Without a branch that depends on where the point is or how
// many digits there are. False for all other texts.
bool ParseShort(std::string_view text, double* value) {
  const bool negative = text[0] == '-';
  const char* const begin = text.data() + negative;
  const int size = static_cast<int>(std::min<size_t>(text.size(), 32)) - negative;
  if (size < 1 || size > 16) return false;

  const __m128i bytes = LoadBytes(begin, size);
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
  const uint64_t number = Combine(_mm_shuffle_epi8(numbers, _mm_sub_epi8(sources, behind)));
  const double magnitude = static_cast<double>(number) / kPowersOfTen[has_point * (size - point - 1)];
  *value = negative ? -magnitude : magnitude;
  return true;
}

}  // namespace

std::string_view WithoutSpaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

NumberKind ParseNumber(std::string_view text, double* value) {
  text = WithoutSpaces(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty()) return NumberKind::kText;
  if (ParseShort(text, value)) return NumberKind::kFinite;
  const auto [end, error] = fast_float::from_chars(text.data(), text.data() + text.size(), *value);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return NumberKind::kText;
  return std::isfinite(*value) ? NumberKind::kFinite : NumberKind::kNotFinite;
}

std::string NumberText(double value) {
  char text[32];
  char* const end = text + sizeof(text);
  if (value == std::trunc(value) && std::abs(value) <= kLargestExactInteger) {
    return std::string(text, std::to_chars(text, end, static_cast<int64_t>(value)).ptr);
  }
  return std::string(text, std::to_chars(text, end, value).ptr);
}

}  // namespace trainyard
