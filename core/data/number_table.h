// Tables of numbers alone, as arrays hold them: from named columns to a data set.

#ifndef TRAINYARD_CORE_DATA_NUMBER_TABLE_H_
#define TRAINYARD_CORE_DATA_NUMBER_TABLE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/data/read_dataset.h"

namespace trainyard {

struct NumberTable {
  std::vector<std::string> names;
  int64_t row_count = 0;

  // Writes the cells of a row, counted from 0; one for each name.
  std::function<void(int64_t row, std::span<double> cells)> read;
};

// BAD_DATA: more columns or rows than the limits allow.
absl::Status CheckTableSize(int64_t columns, int64_t rows, const ReadLimits& limits);

// Names of the columns that an array's items become, `dimensions` being those of the array: `x_<i>_<j>` with the indices of the element
// from 0, the last index first to change.
std::vector<std::string> ElementNames(std::span<const int64_t> dimensions);

// As ReadDataset. No column is the target, or holds the weights, but those that `options` name.
absl::StatusOr<ReadResult> ReadNumbers(const NumberTable& table, const ReadOptions& options, const ReadLimits& limits,
                                       ByteSink& sink);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_NUMBER_TABLE_H_
