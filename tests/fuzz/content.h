// What all files of data must keep, whatever is in them.

#ifndef TRAINYARD_TESTS_FUZZ_CONTENT_H_
#define TRAINYARD_TESTS_FUZZ_CONTENT_H_

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/status.h"
#include "core/data/dataset.h"
#include "core/data/read_dataset.h"
#include "tests/fuzz/fuzzing.h"

namespace trainyard::fuzz {

// Small, so that no input can ask for more than some megabytes.
inline constexpr ReadLimits kSmallLimits = {.max_columns = 200,
                                            .max_rows = 10'000,
                                            .max_sparse_width = 100'000,
                                            .max_categories = 100,
                                            .max_unpacked_bytes = 1 << 20,
                                            .free_unpacked_bytes = 1 << 16,
                                            .max_expansion = 20};

// Every cell is read; codes are those of categories.
inline void ReadAllCells(const Dataset& dataset) {
  const int columns = static_cast<int>(dataset.schema().columns.size());
  for (int i = 0; i < columns; ++i) {
    const Column& column = dataset.schema().columns[i];
    for (int64_t row = 0; row < dataset.row_count(); ++row) {
      if (column.type == ColumnType::kNumeric) dataset.Number(row, i);
      if (column.type == ColumnType::kCategorical) {
        const uint32_t code = dataset.Code(row, i);
        Expect(code == kMissingCode || code < column.categories.size(), "a code is that of a category");
      }
      if (column.type != ColumnType::kSparse) continue;
      const SparseCells& cells = dataset.sparse(i);
      int64_t before = -1;
      for (int64_t k = cells.begin(row); k < cells.end(row); ++k) {
        const int64_t index = cells.indices[k];
        Expect(index > before && index < column.width && cells.value(k) != 0, "sparse numbers ascend and are not 0");
        before = index;
      }
    }
  }
}

// Names, types, categories and cells; statistics may differ in their last bits.
inline bool HaveSameRows(const Dataset& left, const Dataset& right) {
  const size_t columns = left.schema().columns.size();
  if (left.row_count() != right.row_count() || columns != right.schema().columns.size()) return false;
  for (size_t i = 0; i < columns; ++i) {
    const Column& column = left.schema().columns[i];
    const Column& other = right.schema().columns[i];
    if (column.name != other.name || column.type != other.type || column.categories != other.categories) return false;
    const int index = static_cast<int>(i);
    for (int64_t row = 0; row < left.row_count(); ++row) {
      if (column.type == ColumnType::kNumeric && left.Number(row, index) != right.Number(row, index)) return false;
      if (column.type == ColumnType::kCategorical && left.Code(row, index) != right.Code(row, index)) return false;
    }
  }
  return true;
}

// The data set's bytes; nullopt where the content has a fault.
inline std::optional<std::string> ReadContent(std::string_view content, const ReadOptions& options,
                                              const ReadLimits& limits = kSmallLimits) {
  auto sink = std::make_shared<StringSink>();
  const absl::StatusOr<ReadResult> result = ReadDataset(content, options, limits, *sink);
  if (!result.ok()) {
    ExpectCode(result.status(), absl::StatusCode::kInvalidArgument);
    Expect(ErrorReason(result.status()) == "BAD_DATA" || ErrorField(result.status()).has_value(),
           "a fault is one of the data or of a field", std::string(result.status().ToString()));
    return std::nullopt;
  }
  const auto dataset = Dataset::Open(std::as_bytes(std::span(sink->bytes())), sink);
  Expect(dataset.ok(), "what was read can be opened", std::string(dataset.status().ToString()));
  Expect((*dataset)->schema() == result->schema && (*dataset)->row_count() == result->row_count,
         "what was opened is what was read");
  ReadAllCells(**dataset);
  return sink->bytes();
}

}  // namespace trainyard::fuzz

#endif  // TRAINYARD_TESTS_FUZZ_CONTENT_H_
