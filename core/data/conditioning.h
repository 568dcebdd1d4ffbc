// How hard the numeric features of a data set make it for gradient descent.

#ifndef TRAINYARD_CORE_DATA_CONDITIONING_H_
#define TRAINYARD_CORE_DATA_CONDITIONING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/data/dataset.h"

namespace trainyard {

struct DuplicateColumn {
  std::string column;
  std::string duplicate_of;

  friend bool operator==(const DuplicateColumn&, const DuplicateColumn&) = default;
};

// Over the rows without missing numbers; a column without any number does not count.
struct Conditioning {
  std::vector<std::string> constant_columns;

  // Equal to an earlier one in every row, up to sign, offset, scale and rounding.
  std::vector<DuplicateColumn> duplicate_columns;

  // Population deviations of columns that are not constant; 0 and no name where there is none.
  double largest_deviation = 0;
  std::string largest_deviation_column;
  double smallest_deviation = 0;
  std::string smallest_deviation_column;

  // Largest over smallest eigenvalue of the correlation matrix of the columns that are neither constant nor duplicates; infinite where
  // they depend linearly on each other to rounding, 0 where there is no such column or more than kMaxCorrelated.
  double correlation_condition_number = 0;

  // Rows that the condition number is of: all, or evenly spaced stretches, so that rows * columns^2 stays within 2e8, but at least two
  // rows for each column.
  int64_t row_count = 0;
};

inline constexpr int kMaxCorrelated = 1000;

// nullopt: the data set has no numeric feature.
std::optional<Conditioning> MeasureConditioning(const Dataset& dataset);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_CONDITIONING_H_
