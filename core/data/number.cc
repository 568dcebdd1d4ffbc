#include "core/data/number.h"

#include <fast_float/fast_float.h>
#include <immintrin.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "core/data/short_number.h"

namespace trainyard {
namespace {

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

// Most numbers, without reading beyond the text.
bool ParseShort(std::string_view text, double* value) {
  const bool negative = text[0] == '-';
  const size_t size = text.size() - negative;
  if (size < 1 || size > kShortNumberSize) return false;
  return ParseShortNumber(LoadBytes(text.data() + negative, static_cast<int>(size)), static_cast<int>(size), negative,
                          value);
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
