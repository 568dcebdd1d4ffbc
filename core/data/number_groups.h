// What the readers of core/data/row_numbers.h share: a row in groups. Each instruction set has a translation unit of its own, so nothing here
// may be a function that the linker merges.

#ifndef TRAINYARD_CORE_DATA_NUMBER_GROUPS_H_
#define TRAINYARD_CORE_DATA_NUMBER_GROUPS_H_

#include <cstddef>
#include <cstdint>

#include "core/data/row_numbers.h"

namespace trainyard {

// The oldest processor that may run this has AVX2.
ReadRowNumbers RowNumbersAvx2();
ReadRowNumbers RowNumbersAvx512();

// ReadRowNumbers of any count, made from `kRead` of kWidth numbers, 4 or 8, which returns their bits.
template <size_t kWidth, uint32_t (*kRead)(const char* text, const uint32_t* ends, double* values)>
void ReadInGroups(const char* text, const uint32_t* ends, size_t count, double* values, uint8_t* taken) {
  for (size_t i = 0; i < count; i += 8) taken[i / 8] = 0;
  const auto take = [taken](size_t first, uint32_t bits) {
    taken[first / 8] |= static_cast<uint8_t>(bits << first % 8);
  };
  size_t done = 0;
  for (; done + kWidth <= count; done += kWidth) take(done, kRead(text, ends + done, values + done));
  const size_t rest = count - done;
  if (rest == 0) return;
  if (done > 0) {  // Some are read twice.
    const size_t first = count - kWidth;
    return take(done, kRead(text, ends + first, values + first) >> (kWidth - rest));
  }
  uint32_t few_ends[kWidth + 1];
  double few_values[kWidth];
  few_ends[0] = *(ends - 1);
  for (size_t i = 0; i < kWidth; ++i) few_ends[i + 1] = ends[i < rest ? i : rest - 1];
  take(0, kRead(text, few_ends + 1, few_values) & ((1u << rest) - 1));
  for (size_t i = 0; i < rest; ++i) values[i] = few_values[i];
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_NUMBER_GROUPS_H_
