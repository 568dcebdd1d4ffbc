// The readers of each kind of file. As ReadDataset.

#ifndef TRAINYARD_CORE_DATA_READ_TABLE_H_
#define TRAINYARD_CORE_DATA_READ_TABLE_H_

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/data/column_scan.h"
#include "core/data/dataset_format.h"
#include "core/data/read_dataset.h"

namespace trainyard {

absl::StatusOr<ReadResult> ReadSeparated(std::string_view content, char separator, const ReadOptions& options,
                                         const ReadLimits& limits, ByteSink& sink,
                                         absl::FunctionRef<absl::Status(size_t)> passed);

absl::StatusOr<ReadResult> ReadIdx(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink& sink);

absl::StatusOr<ReadResult> ReadLibsvm(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                      ByteSink& sink);
absl::StatusOr<ReadResult> ReadNpy(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink& sink);

absl::StatusOr<ReadResult> ReadNpz(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink& sink);

// What all do between their passes: from scanned columns to the head of the data set.
DatasetHead FinishScans(std::vector<ColumnScan>& scans, int64_t row_count);

ReadResult ResultOf(DatasetHead head);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_READ_TABLE_H_
