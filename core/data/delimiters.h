// Where the fields and rows of a text end: 64 bytes at a time, once for each instruction set, with the same positions.

#ifndef TRAINYARD_CORE_DATA_DELIMITERS_H_
#define TRAINYARD_CORE_DATA_DELIMITERS_H_

#include <cstddef>
#include <cstdint>

#include "core/base/instruction_set.h"

namespace trainyard {

inline constexpr size_t kDelimiterBlock = 64;

// Each array has room for `size` + kDelimiterBlock more than it counts.
struct Delimiters {
  uint32_t* ends;  // positions of separators and LFs
  size_t end_count;
  uint32_t* newlines;  // those among `ends` that are LFs
  size_t newline_count;
  uint32_t* odd;  // positions of blocks with a quote or a byte of 128 and more
  size_t odd_count;
};

// Adds those of `size` bytes of text to `found`.
using FindDelimiters = void (*)(const char* text, size_t size, char separator, Delimiters& found);

// `set` must be one that this processor has.
FindDelimiters DelimitersBy(InstructionSet set);

// By the chosen instruction set.
FindDelimiters BestDelimiters();

// The oldest processor that may run this has AVX2.
FindDelimiters DelimitersByAvx2();
FindDelimiters DelimitersByAvx512();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DELIMITERS_H_
