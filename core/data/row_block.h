// Rows of a table on their way from text to records: as many as stay in a core's cache.

#ifndef TRAINYARD_CORE_DATA_ROW_BLOCK_H_
#define TRAINYARD_CORE_DATA_ROW_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "core/data/column_scan.h"
#include "core/data/dataset_format.h"

namespace trainyard {

// [rows, columns]: numbers, codes of texts, NaN where missing.
class RowBlock {
 public:
  explicit RowBlock(size_t columns);

  size_t columns() const { return columns_; }
  size_t size() const { return size_; }
  bool full() const { return size_ == capacity_; }
  std::span<const double> Row(size_t row) const { return std::span(cells_).subspan(row * columns_, columns_); }

  // The cells of the row behind the last, which Add makes the last.
  std::span<double> Next() { return std::span(cells_).subspan(size_ * columns_, columns_); }
  void Add() { ++size_; }
  void Clear() { size_ = 0; }

 private:
  size_t columns_;
  size_t capacity_;
  size_t size_ = 0;
  std::vector<double> cells_;  // and some more, so that rows can be read in vectors
};

// Adds the numbers of a block to the scans of its columns. The mean and the squares of a block are those of two passes over it.
void AddStatistics(const RowBlock& block, std::vector<ColumnScan>& scans);

// Writes blocks as records, in which the columns are as `scans` found them.
class RecordWriter {
 public:
  // `scans` and `writer` must outlive this.
  RecordWriter(const std::vector<ColumnScan>& scans, const RecordLayout& layout, DatasetWriter& writer);
  absl::Status Write(const RowBlock& block);

 private:
  const std::vector<ColumnScan>& scans_;
  DatasetWriter& writer_;
  std::array<int64_t, 4> offsets_;              // bytes, by CellKind
  std::array<std::vector<size_t>, 4> columns_;  // by CellKind
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_ROW_BLOCK_H_
