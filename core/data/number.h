#ifndef TRAINYARD_CORE_DATA_NUMBER_H_
#define TRAINYARD_CORE_DATA_NUMBER_H_

#include <string>
#include <string_view>

namespace trainyard {

enum class NumberKind { kFinite, kNotFinite, kText };

// Reads a decimal number, spaces around it and a sign before it allowed, as the nearest double. kNotFinite: NaN or infinity spelled out,
// or beyond the range of double. Below it is 0.
NumberKind ParseNumber(std::string_view text, double* value);

std::string_view WithoutSpaces(std::string_view text);

// Every integer up to this is a double.
inline constexpr double kLargestExactInteger = 0x1.0p53;

// The shortest form that reads back, integers without exponent: `100000`, `0.1`.
std::string NumberText(double value);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_NUMBER_H_
