#include "core/data/dataset_builder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string>
#include <utility>

#include "core/base/status.h"
#include "core/data/column_scan.h"
#include "core/data/dataset_format.h"

namespace trainyard {

DatasetBuilder::DatasetBuilder(Schema schema) : schema_(std::move(schema)) {
  for (Column& column : schema_.columns) {
    column.missing_count = 0;
    column.numeric = {};
    for (Category& category : column.categories) category.count = 0;
    column.nonzero_count = 0;
  }
  sparse_.resize(schema_.columns.size());
}

void DatasetBuilder::AddRow(std::span<const double> cells, std::span<const SparseNumbers> sparse) {
  assert(cells.size() == schema_.columns.size());
  cells_.insert(cells_.end(), cells.begin(), cells.end());
  ++row_count_;
  size_t next = 0;
  for (size_t i = 0; i < schema_.columns.size(); ++i) {
    if (schema_.columns[i].type != ColumnType::kSparse) continue;
    const SparseNumbers& row = sparse[next++];
    SparseNumbers& all = sparse_[i].numbers;
    all.indices.insert(all.indices.end(), row.indices.begin(), row.indices.end());
    all.values.insert(all.values.end(), row.values.begin(), row.values.end());
    sparse_[i].row_begin.push_back(static_cast<int64_t>(all.indices.size()));
  }
}

double DatasetBuilder::cell(int64_t row, size_t column) const {
  return cells_[static_cast<size_t>(row) * schema_.columns.size() + column];
}

CellKind DatasetBuilder::Summarize(size_t index) {
  Column& column = schema_.columns[index];
  if (column.type == ColumnType::kSparse) return SummarizeSparse(index);
  NumberScan numbers;
  for (int64_t row = 0; row < row_count_ && column.type != ColumnType::kIgnored; ++row) {
    const double x = cell(row, index);
    if (std::isnan(x)) {
      ++column.missing_count;
    } else if (column.type == ColumnType::kCategorical) {
      ++column.categories[static_cast<size_t>(x)].count;
    } else {
      numbers.Add(x);
    }
  }
  if (column.type == ColumnType::kCategorical) return CellKind::kCode;
  column.numeric = numbers.statistics();
  return numbers.kind(column.missing_count);
}

CellKind DatasetBuilder::SummarizeSparse(size_t index) {
  Column& column = schema_.columns[index];
  const SparseNumbers& numbers = sparse_[index].numbers;
  NumberScan scan;
  for (const double value : numbers.values) scan.Add(value);
  for (const uint32_t i : numbers.indices) column.width = std::max<int64_t>(column.width, int64_t{i} + 1);
  column.nonzero_count = scan.count();
  return SparseKind(scan);
}

absl::Status DatasetBuilder::AppendSparse(size_t index, CellKind kind, DatasetWriter& writer) const {
  const SparseColumn& column = sparse_[index];
  RETURN_IF_ERROR(writer.Align());
  RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(column.row_begin))));
  if (kind == CellKind::kF64) {
    RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(column.numbers.values))));
  } else {
    const std::vector<float> narrow(column.numbers.values.begin(), column.numbers.values.end());
    RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(narrow))));
  }
  RETURN_IF_ERROR(writer.Align());
  RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(column.numbers.indices))));
  return writer.Align();
}

std::shared_ptr<const Dataset> DatasetBuilder::Build() && {
  DatasetHead head;
  head.row_count = row_count_;
  for (size_t i = 0; i < schema_.columns.size(); ++i) head.kinds.push_back(Summarize(i));
  head.schema = schema_;

  auto sink = std::make_shared<StringSink>();
  const RecordLayout layout(head.schema, head.kinds);
  DatasetWriter writer(layout, *sink);
  absl::Status status = writer.Start(head);
  for (int64_t row = 0; row < row_count_; ++row) {
    for (size_t i = 0; i < schema_.columns.size(); ++i) {
      if (!HasCells(schema_.columns[i].type)) continue;
      const double x = cell(row, i);
      std::byte* const place = writer.Record() + layout.Offset(static_cast<int>(i));
      if (head.kinds[i] == CellKind::kCode) {
        StoreCode(std::isnan(x) ? kMissingCode : static_cast<uint32_t>(x), place);
      } else {
        StoreNumber(head.kinds[i], x, place);
      }
    }
    status.Update(writer.Commit());
  }
  for (size_t i = 0; i < schema_.columns.size(); ++i) {
    if (schema_.columns[i].type == ColumnType::kSparse) status.Update(AppendSparse(i, head.kinds[i], writer));
  }
  status.Update(writer.Finish());
  auto dataset = Dataset::Open(std::as_bytes(std::span(sink->bytes())), sink);
  assert(status.ok() && dataset.ok());
  return *std::move(dataset);
}

}  // namespace trainyard
