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

namespace trainyard {

// For small tables: a prediction's rows, a test's data. Cells are doubles (NaN where missing) or codes of the schema's categories.
class DatasetBuilder {
 public:
  // Statistics and counts in `schema` are computed anew.
  explicit DatasetBuilder(Schema schema);

  // Cells in the order of the schema, those of ignored columns among them. Finite, or NaN where missing.
  void AddRow(std::span<const double> cells);

  std::shared_ptr<const Dataset> Build() &&;

 private:
  double cell(int64_t row, size_t column) const;

  // Computes the statistics of a column and returns the kind of its cells.
  CellKind Summarize(size_t column);

  Schema schema_;
  int64_t row_count_ = 0;
  std::vector<double> cells_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DATASET_BUILDER_H_
