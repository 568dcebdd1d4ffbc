// Builds a Dataset row by row, in memory.

#ifndef TRAINYARD_CORE_DATA_DATASET_BUILDER_H_
#define TRAINYARD_CORE_DATA_DATASET_BUILDER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "core/data/dataset.h"
#include "core/data/schema.h"
#include "core/data/sparse_numbers.h"

namespace trainyard {

class DatasetWriter;

// For small tables: a prediction's rows, a test's data. Cells are doubles (NaN where missing) or codes of the schema's categories.
class DatasetBuilder {
 public:
  // Statistics and counts in `schema` are computed anew; the width of a sparse column grows with its indices.
  explicit DatasetBuilder(Schema schema);

  // Cells in the order of the schema, those of ignored columns among them. Finite, or NaN where missing. Those of sparse columns do not
  // count: `sparse` has the numbers of each sparse column, in the order of the schema.
  void AddRow(std::span<const double> cells, std::span<const SparseNumbers> sparse = {});

  std::shared_ptr<const Dataset> Build() &&;

 private:
  double cell(int64_t row, size_t column) const;

  // Computes the statistics of a column and returns the kind of its cells.
  CellKind Summarize(size_t column);
  CellKind SummarizeSparse(size_t column);
  absl::Status AppendSparse(size_t column, CellKind kind, DatasetWriter& writer) const;

  Schema schema_;
  int64_t row_count_ = 0;
  std::vector<double> cells_;

  // The numbers of all rows, by column.
  struct SparseColumn {
    std::vector<int64_t> row_begin = {0};
    SparseNumbers numbers;
  };
  std::vector<SparseColumn> sparse_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DATASET_BUILDER_H_
