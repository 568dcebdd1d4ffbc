// Builds the bytes of a Dataset row by row, in memory or into a sink.

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

  // Cells in the order of the schema, codes as doubles; a missing category is NaN.
  void AddRow(std::span<const double> cells);

  std::shared_ptr<const Dataset> Build() &&;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_DATASET_BUILDER_H_
