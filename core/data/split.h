// Which rows train, validate and test.

#ifndef TRAINYARD_CORE_DATA_SPLIT_H_
#define TRAINYARD_CORE_DATA_SPLIT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/dataset.h"

namespace trainyard {

// Each ascending; disjoint; together all rows of the data set whose target is not missing.
struct Split {
  std::vector<uint32_t> training;
  std::vector<uint32_t> validation;
  std::vector<uint32_t> test;
};

struct SplitOptions {
  std::optional<double> validation_fraction = std::nullopt;  // in (0, 1)
  std::optional<double> test_fraction = std::nullopt;        // in (0, 1); the sum below 1

  // Draw class by class of the target. Nullopt: where the target is categorical.
  std::optional<bool> stratified = std::nullopt;
};

// A split column decides where the data set has one (fractions are then refused); else the fractions, drawn with `seed`. Each fraction
// is of the rows whose target is not missing (the others are in no part), rounded to the nearest whole number of rows. A stratified
// draw gives each part its share of each class to within one row.
// INVALID_ARGUMENT: a fraction out of range or beside a split column, `stratified` with a numeric target (FieldErrors); a value of the
// split column that names no part (BAD_DATA, with the row, counted from 1, and column); a part asked for that gets no row (EMPTY_PART);
// fewer than two classes in the training part of a categorical target (ONE_CLASS).
absl::StatusOr<Split> MakeSplit(const Dataset& dataset, int target, const SplitOptions& options, uint64_t seed);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_SPLIT_H_
