#include "core/data/number.h"

#include <fast_float/fast_float.h>

#include <charconv>
#include <cmath>
#include <cstdint>

namespace trainyard {

std::string_view WithoutSpaces(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

NumberKind ParseNumber(std::string_view text, double* value) {
  text = WithoutSpaces(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  if (text.empty()) return NumberKind::kText;
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
