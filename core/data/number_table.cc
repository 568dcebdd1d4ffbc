#include "core/data/number_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {
namespace {

absl::StatusOr<std::vector<ColumnScan>> PlanScans(const NumberTable& table, const ReadOptions& options,
                                                  const ReadLimits& limits) {
  if (options.split.has_value()) {
    return FieldError("split", std::string_view(*options.split), "left out: arrays of numbers have no column of text");
  }
  ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns(table.names, options));
  std::vector<ColumnScan> scans;
  scans.reserve(plans.size());
  for (ColumnPlan& plan : plans) scans.emplace_back(std::move(plan), limits.max_categories);
  return scans;
}

// Calls visit(row, its cells).
template <typename Visit>
absl::Status ForEachRow(const NumberTable& table, Visit visit) {
  std::vector<double> cells(table.names.size());
  for (int64_t row = 0; row < table.row_count; ++row) {
    table.read(row, cells);
    RETURN_IF_ERROR(visit(row, cells));
  }
  return absl::OkStatus();
}

absl::Status ScanRows(const NumberTable& table, std::vector<ColumnScan>& scans) {
  return ForEachRow(table, [&scans](int64_t row, const std::vector<double>& cells) -> absl::Status {
    for (size_t i = 0; i < scans.size(); ++i) RETURN_IF_ERROR(scans[i].AddNumber(row + 1, cells[i]));
    return absl::OkStatus();
  });
}

absl::Status WriteRows(const NumberTable& table, const std::vector<ColumnScan>& scans, const DatasetHead& head,
                       ByteSink& sink) {
  const RecordLayout layout(head.schema, head.kinds);
  DatasetWriter writer(layout, sink);
  RETURN_IF_ERROR(writer.Start(head));
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < scans.size(); ++i) offsets.push_back(layout.Offset(static_cast<int>(i)));
  RETURN_IF_ERROR(ForEachRow(table, [&](int64_t, const std::vector<double>& cells) {
    for (size_t i = 0; i < scans.size(); ++i) {
      if (!scans[i].ignored()) scans[i].StoreNumber(cells[i], writer.Record() + offsets[i]);
    }
    return writer.Commit();
  }));
  return writer.Finish();
}

}  // namespace

absl::Status CheckTableSize(int64_t columns, int64_t rows, const ReadLimits& limits) {
  if (columns > limits.max_columns) {
    return BadData(
        absl::StrCat("an example has ", columns, " elements, the limit is ", limits.max_columns, " columns"));
  }
  if (rows > limits.max_rows) {
    return BadData(absl::StrCat("there are ", rows, " examples, the limit is ", limits.max_rows, " rows"));
  }
  return absl::OkStatus();
}

std::vector<std::string> ElementNames(std::span<const int64_t> dimensions) {
  int64_t count = 1;
  for (const int64_t dimension : dimensions.subspan(1)) count *= dimension;
  std::vector<std::string> names(static_cast<size_t>(count));
  for (size_t element = 0; element < names.size(); ++element) {
    int64_t rest = static_cast<int64_t>(element);
    std::string indices;
    for (size_t i = dimensions.size() - 1; i > 0; --i) {
      indices = absl::StrCat("_", rest % dimensions[i], indices);
      rest /= dimensions[i];
    }
    names[element] = absl::StrCat("x", indices);
  }
  return names;
}

absl::StatusOr<ReadResult> ReadNumbers(const NumberTable& table, const ReadOptions& options, const ReadLimits& limits,
                                       ByteSink& sink) {
  ASSIGN_OR_RETURN(std::vector<ColumnScan> scans, PlanScans(table, options, limits));
  RETURN_IF_ERROR(ScanRows(table, scans));
  DatasetHead head = FinishScans(scans, table.row_count);
  RETURN_IF_ERROR(WriteRows(table, scans, head, sink));
  return ResultOf(std::move(head));
}

}  // namespace trainyard
