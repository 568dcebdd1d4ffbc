// From an uploaded file to a data set: one pass over the text finds types, categories and statistics and names every fault by row and
// column, a last one writes the cells. (Between them one more, where text comes late in a column of numbers.) Cells are never all in
// memory.
//
// A column that is not declared is numeric when every cell is a number or missing; NaN and infinity are then faults, not text. Spaces
// around numbers and missing cells do not count. The elements of an IDX or NumPy array become columns `x_<i>_<j>`, labels `label`. The
// columns of a LIBSVM file are `label` and the sparse column `features`.

#ifndef TRAINYARD_CORE_DATA_READ_DATASET_H_
#define TRAINYARD_CORE_DATA_READ_DATASET_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/data/byte_sink.h"
#include "core/data/schema.h"

namespace trainyard {

enum class Format { kCsv, kTsv, kIdx, kLibsvm, kNpy, kNpz };

struct ReadOptions {
  Format format = Format::kCsv;

  // Default: the last column that is a feature by type; for IDX, LIBSVM and NPZ the labels. Empty data sets of features alone are legal
  // for prediction: a target is then simply one of the columns.
  std::optional<std::string> target = std::nullopt;

  // Default: none; for NPZ the array `weight`.
  std::optional<std::string> weight = std::nullopt;
  std::optional<std::string> split = std::nullopt;

  // In place of the inferred types, by column.
  std::map<std::string, ColumnType> types = {};

  // Cells that count as missing.
  std::vector<std::string> missing = {"", "NA", "?"};

  friend bool operator==(const ReadOptions&, const ReadOptions&) = default;
};

struct ReadLimits {
  int max_columns = 100'000;
  int64_t max_rows = 0xFFFFFFFE;

  // The largest index of a sparse column.
  int64_t max_sparse_width = 1'000'000'000;

  // Different values of one categorical column.
  int64_t max_categories = 1'000'000;

  // Of the compressed members of an archive, which are unpacked in memory: so many bytes, and beyond free_unpacked_bytes no more than
  // max_expansion times the archive's own.
  int64_t max_unpacked_bytes = int64_t{2} << 30;
  int64_t free_unpacked_bytes = int64_t{64} << 20;
  uint32_t max_expansion = 200;
};

struct ReadResult {
  Schema schema;
  int64_t row_count = 0;

  // Constant columns, columns that are mostly missing.
  std::vector<std::string> warnings;
};

// Reads `content`, writes what Dataset::Open reads to `sink`.
// INVALID_ARGUMENT with reason BAD_DATA: a fault in the content; metadata, where the fault has a place: `row` (the line on which the row
// starts, from 1; for arrays the item) and `column` (its name, or number from 1 while there is no name; in a LIBSVM file the index).
// FieldErrors on `target`, `weight`, `split`, `types[…]`: columns that are not there or do not fit. An error of `sink` is passed on.
// Where the content is large text, `passed` is told now and then that the bytes before a position are not needed soon; its error ends the
// reading, and is passed on.
absl::StatusOr<ReadResult> ReadDataset(
    std::string_view content, const ReadOptions& options, const ReadLimits& limits, ByteSink& sink,
    absl::FunctionRef<absl::Status(size_t)> passed = [](size_t) { return absl::OkStatus(); });

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_READ_DATASET_H_
