// The short numbers of a row of text, eight at a time: as core/data/short_number.h, once for each instruction set, with the same values.

#ifndef TRAINYARD_CORE_DATA_ROW_NUMBERS_H_
#define TRAINYARD_CORE_DATA_ROW_NUMBERS_H_

#include <cstddef>
#include <cstdint>

#include "core/base/instruction_set.h"

namespace trainyard {

// Bytes before a field's end that are read.
inline constexpr size_t kRowNumbersReach = 16;

// Field i of `count` lies between ends[i - 1] + 1 and ends[i], counted from `text`. Stores the values of those that are short numbers, a
// minus counted in their size, and sets their bits in `taken`: eight fields to a byte, the first the lowest bit, 0 behind the last. The
// other values may become anything.
using ReadRowNumbers = void (*)(const char* text, const uint32_t* ends, size_t count, double* values, uint8_t* taken);

// `set` must be one that this processor has.
ReadRowNumbers RowNumbersFor(InstructionSet set);

// That of the chosen instruction set.
ReadRowNumbers BestRowNumbers();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_ROW_NUMBERS_H_
