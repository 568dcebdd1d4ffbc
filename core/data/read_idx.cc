#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/idx.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {
namespace {

constexpr std::string_view kLabel = "label";

struct IdxTable {
  IdxArray examples;
  std::optional<IdxArray> labels;
};

absl::StatusOr<IdxTable> ReadArrays(std::string_view content) {
  if (content.empty()) return BadData("the file is empty; it must begin with an IDX array");
  IdxTable table;
  size_t offset = 0;
  ASSIGN_OR_RETURN(table.examples, ReadIdxArray(content, &offset));
  if (table.examples.dimensions.size() < 2) {
    return BadData("the IDX array at byte 0: its rank is 1; the array of examples must have rank 2 or more");
  }
  if (offset == content.size()) return table;

  const size_t labels_at = offset;
  ASSIGN_OR_RETURN(table.labels, ReadIdxArray(content, &offset));
  if (table.labels->dimensions.size() != 1 || table.labels->item_count() != table.examples.item_count()) {
    return BadData(absl::StrCat("the IDX array at byte ", labels_at, ": the array of labels must have rank 1 and ",
                                table.examples.item_count(), " items, it has rank ", table.labels->dimensions.size(),
                                " and ", table.labels->item_count()));
  }
  if (offset != content.size()) {
    return BadData(absl::StrCat(content.size() - offset, " bytes follow the last IDX array, at byte ", offset));
  }
  return table;
}

absl::Status CheckSize(const IdxArray& examples, const ReadLimits& limits) {
  if (examples.item_size > limits.max_columns) {
    return BadData(absl::StrCat("an example has ", examples.item_size, " elements, the limit is ", limits.max_columns,
                                " columns"));
  }
  if (examples.item_count() > limits.max_rows) {
    return BadData(
        absl::StrCat("there are ", examples.item_count(), " examples, the limit is ", limits.max_rows, " rows"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ColumnScan>> PlanScans(const IdxTable& table, ReadOptions options,
                                                  const ReadLimits& limits) {
  std::vector<std::string> names = ElementNames(table.examples);
  if (table.labels.has_value()) names.emplace_back(kLabel);
  if (options.split.has_value())
    return FieldError("split", std::string_view(*options.split), "left out: an IDX file has no column of text");
  if (!options.target.has_value() && table.labels.has_value() && options.weight != kLabel) {
    const auto type = options.types.find(std::string(kLabel));
    if (type == options.types.end() || type->second != ColumnType::kIgnored) options.target = std::string(kLabel);
  }
  ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns(names, options));
  std::vector<ColumnScan> scans;
  scans.reserve(plans.size());
  for (ColumnPlan& plan : plans) scans.emplace_back(std::move(plan), limits.max_categories);
  return scans;
}

// Calls visit(item, its numbers), the label last.
template <typename Visit>
absl::Status ForEachItem(const IdxTable& table, Visit visit) {
  const size_t elements = static_cast<size_t>(table.examples.item_size);
  std::vector<double> numbers(elements + (table.labels.has_value() ? 1 : 0));
  for (int64_t item = 0; item < table.examples.item_count(); ++item) {
    table.examples.Decode(item, std::span(numbers).first(elements));
    if (table.labels.has_value()) table.labels->Decode(item, std::span(numbers).subspan(elements));
    RETURN_IF_ERROR(visit(item, numbers));
  }
  return absl::OkStatus();
}

absl::Status ScanItems(const IdxTable& table, std::vector<ColumnScan>& scans) {
  return ForEachItem(table, [&scans](int64_t item, const std::vector<double>& numbers) -> absl::Status {
    for (size_t i = 0; i < scans.size(); ++i) RETURN_IF_ERROR(scans[i].AddNumber(item + 1, numbers[i]));
    return absl::OkStatus();
  });
}

absl::Status WriteItems(const IdxTable& table, const std::vector<ColumnScan>& scans, const DatasetHead& head,
                        ByteSink sink) {
  const RecordLayout layout(head.schema, head.kinds);
  DatasetWriter writer(layout, sink);
  RETURN_IF_ERROR(writer.Start(head));
  std::vector<int64_t> offsets;
  for (size_t i = 0; i < scans.size(); ++i) offsets.push_back(layout.Offset(static_cast<int>(i)));
  RETURN_IF_ERROR(ForEachItem(table, [&](int64_t, const std::vector<double>& numbers) {
    for (size_t i = 0; i < scans.size(); ++i) {
      if (!scans[i].ignored()) scans[i].StoreNumber(numbers[i], writer.Record() + offsets[i]);
    }
    return writer.Commit();
  }));
  return writer.Finish();
}

}  // namespace

absl::StatusOr<ReadResult> ReadIdx(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink sink) {
  ASSIGN_OR_RETURN(const IdxTable table, ReadArrays(content));
  RETURN_IF_ERROR(CheckSize(table.examples, limits));
  ASSIGN_OR_RETURN(std::vector<ColumnScan> scans, PlanScans(table, options, limits));
  RETURN_IF_ERROR(ScanItems(table, scans));
  DatasetHead head = FinishScans(scans, table.examples.item_count());
  RETURN_IF_ERROR(WriteItems(table, scans, head, sink));
  return ResultOf(std::move(head));
}

}  // namespace trainyard
