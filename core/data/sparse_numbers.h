// The numbers of one row of a sparse column, and their text: `3:1.5 10:2`, indices from 1, ascending.

#ifndef TRAINYARD_CORE_DATA_SPARSE_NUMBERS_H_
#define TRAINYARD_CORE_DATA_SPARSE_NUMBERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/column_scan.h"
#include "core/data/dataset.h"

namespace trainyard {

// values[k] at indices[k], which ascend from 0.
struct SparseNumbers {
  std::vector<uint32_t> indices;
  std::vector<double> values;
};

struct SparseFault {
  int64_t index = 0;  // as the text has it; 0 where it has none that can be read
  std::string fault;
};

// Reads `text`, whose pairs stand between spaces or tabs, into `numbers`; those that are 0 are left out. Indices up to `max_width`. The
// first fault, where there is one.
std::optional<SparseFault> ParseSparse(std::string_view text, int64_t max_width, SparseNumbers& numbers);

// The text of one row.
std::string SparseText(const SparseCells& cells, int64_t row);

// The kind of values that were scanned: kF32 or kF64.
CellKind SparseKind(const NumberScan& scan);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_SPARSE_NUMBERS_H_
