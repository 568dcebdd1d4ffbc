#include "core/data/read_dataset.h"

#include <utility>

#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {

absl::StatusOr<ReadResult> ReadDataset(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                       ByteSink& sink, absl::FunctionRef<absl::Status(size_t)> passed) {
  switch (options.format) {
    case Format::kCsv:
      return ReadSeparated(content, ',', options, limits, sink, passed);
    case Format::kTsv:
      return ReadSeparated(content, '\t', options, limits, sink, passed);
    case Format::kIdx:
      return ReadIdx(content, options, limits, sink);
    case Format::kLibsvm:
      return ReadLibsvm(content, options, limits, sink);
    case Format::kNpy:
      return ReadNpy(content, options, limits, sink);
    case Format::kNpz:
      return ReadNpz(content, options, limits, sink);
  }
  return absl::InternalError("unknown format");
}

DatasetHead FinishScans(std::vector<ColumnScan>& scans, int64_t row_count) {
  DatasetHead head;
  head.row_count = row_count;
  for (ColumnScan& scan : scans) {
    head.schema.columns.push_back(scan.Finish());
    head.kinds.push_back(scan.kind());
  }
  return head;
}

ReadResult ResultOf(DatasetHead head) {
  std::vector<std::string> warnings = WarningsOf(head.schema, head.row_count);
  return {.schema = std::move(head.schema), .row_count = head.row_count, .warnings = std::move(warnings)};
}

}  // namespace trainyard
