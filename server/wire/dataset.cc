#include "server/wire/dataset.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/sparse_numbers.h"
#include "server/wire/shape.h"

namespace trainyard {
namespace {

constexpr size_t kCategoriesShown = 1000;
constexpr size_t kCategoryBytesShown = size_t{32} << 10;    // of one column
constexpr size_t kAllCategoryBytesShown = size_t{1} << 20;  // of a data set
constexpr size_t kBytesOfCount = 12;                        // beside a category's text, about

v1::NumericStatistics ToProto(const NumericStatistics& statistics) {
  v1::NumericStatistics message;
  message.set_mean(statistics.mean);
  message.set_deviation(statistics.deviation);
  message.set_minimum(statistics.minimum);
  message.set_maximum(statistics.maximum);
  return message;
}

google::protobuf::Value Cell(const Dataset& dataset, int64_t row, int column) {
  google::protobuf::Value cell;
  cell.set_null_value(google::protobuf::NULL_VALUE);
  if (dataset.schema().columns[column].type == ColumnType::kSparse) {
    cell.set_string_value(SparseText(dataset.sparse(column), row));
  } else if (dataset.schema().columns[column].type == ColumnType::kCategorical) {
    const uint32_t code = dataset.Code(row, column);
    if (code != kMissingCode) cell.set_string_value(dataset.schema().columns[column].categories[code].value);
  } else {
    const double number = dataset.Number(row, column);
    if (!std::isnan(number)) cell.set_number_value(number);
  }
  return cell;
}

}  // namespace

v1::Format ToProto(Format format) {
  switch (format) {
    case Format::kCsv:
      return v1::FORMAT_CSV;
    case Format::kTsv:
      return v1::FORMAT_TSV;
    case Format::kIdx:
      return v1::FORMAT_IDX;
    case Format::kLibsvm:
      return v1::FORMAT_LIBSVM;
    case Format::kNpy:
      return v1::FORMAT_NPY;
    case Format::kNpz:
      return v1::FORMAT_NPZ;
  }
  return v1::FORMAT_UNSPECIFIED;
}

v1::ColumnRole ToProto(ColumnRole role) {
  switch (role) {
    case ColumnRole::kFeature:
      return v1::COLUMN_ROLE_FEATURE;
    case ColumnRole::kTarget:
      return v1::COLUMN_ROLE_TARGET;
    case ColumnRole::kWeight:
      return v1::COLUMN_ROLE_WEIGHT;
    case ColumnRole::kSplit:
      return v1::COLUMN_ROLE_SPLIT;
  }
  return v1::COLUMN_ROLE_UNSPECIFIED;
}

v1::ColumnType ToProto(ColumnType type) {
  switch (type) {
    case ColumnType::kNumeric:
      return v1::COLUMN_TYPE_NUMERIC;
    case ColumnType::kCategorical:
      return v1::COLUMN_TYPE_CATEGORICAL;
    case ColumnType::kIgnored:
      return v1::COLUMN_TYPE_IGNORED;
    case ColumnType::kSparse:
      return v1::COLUMN_TYPE_SPARSE;
  }
  return v1::COLUMN_TYPE_UNSPECIFIED;
}

absl::StatusOr<ReadOptions> FromProto(const v1::ReadOptions& message) {
  ReadOptions options;
  ASSIGN_OR_RETURN(options.format, EnumFromProto<Format>(message.format(), "format"));
  if (message.has_target()) options.target = message.target();
  if (message.has_weight()) options.weight = message.weight();
  if (message.has_split()) options.split = message.split();
  // In the order of names, so that of two faults the same one is always named.
  const std::map<std::string, int> types(message.types().begin(), message.types().end());
  for (const auto& [column, type] : types) {
    ASSIGN_OR_RETURN(options.types[column],
                     EnumFromProto<ColumnType>(static_cast<v1::ColumnType>(type), absl::StrCat("types[", column, "]")));
  }
  if (!message.missing().empty()) options.missing = {message.missing().begin(), message.missing().end()};
  return options;
}

v1::ReadOptions ToProto(const ReadOptions& options) {
  v1::ReadOptions message;
  message.set_format(ToProto(options.format));
  if (options.target) message.set_target(*options.target);
  if (options.weight) message.set_weight(*options.weight);
  if (options.split) message.set_split(*options.split);
  for (const auto& [column, type] : options.types) (*message.mutable_types())[column] = ToProto(type);
  for (const std::string& missing : options.missing) message.add_missing(missing);
  return message;
}

namespace {

v1::Column ToProto(const Column& column, size_t category_bytes) {
  v1::Column message;
  message.set_name(column.name);
  message.set_type(ToProto(column.type));
  message.set_role(ToProto(column.role));
  message.set_missing_count(column.missing_count);
  if (column.type == ColumnType::kNumeric) *message.mutable_numeric() = ToProto(column.numeric);
  message.set_category_count(static_cast<int64_t>(column.categories.size()));
  message.set_width(column.width);
  message.set_nonzero_count(column.nonzero_count);
  size_t bytes = 0;
  for (size_t i = 0; i < std::min(column.categories.size(), kCategoriesShown); ++i) {
    bytes += column.categories[i].value.size() + kBytesOfCount;
    if (bytes > category_bytes) break;
    v1::Category* category = message.add_categories();
    category->set_value(column.categories[i].value);
    category->set_count(column.categories[i].count);
  }
  return message;
}

}  // namespace

void AddColumns(const std::vector<Column>& columns, v1::Dataset& dataset) {
  const auto with_categories = static_cast<size_t>(
      std::count_if(columns.begin(), columns.end(), [](const Column& column) { return !column.categories.empty(); }));
  const size_t share = kAllCategoryBytesShown / std::max<size_t>(with_categories, 1);
  for (const Column& column : columns) {
    *dataset.add_columns() = ToProto(column, std::min(kCategoryBytesShown, share));
  }
}

v1::Conditioning ToProto(const Conditioning& conditioning) {
  v1::Conditioning message;
  for (const std::string& column : conditioning.constant_columns) message.add_constant_columns(column);
  for (const DuplicateColumn& duplicate : conditioning.duplicate_columns) {
    v1::DuplicateColumn* added = message.add_duplicate_columns();
    added->set_column(duplicate.column);
    added->set_duplicate_of(duplicate.duplicate_of);
  }
  message.set_largest_deviation(conditioning.largest_deviation);
  message.set_largest_deviation_column(conditioning.largest_deviation_column);
  message.set_smallest_deviation(conditioning.smallest_deviation);
  message.set_smallest_deviation_column(conditioning.smallest_deviation_column);
  message.set_correlation_condition_number(conditioning.correlation_condition_number);
  message.set_row_count(conditioning.row_count);
  return message;
}

v1::Table ToTable(const Dataset& dataset, int64_t first, int64_t count) {
  v1::Table table;
  std::vector<int> kept;
  for (int i = 0; i < static_cast<int>(dataset.schema().columns.size()); ++i) {
    const Column& column = dataset.schema().columns[i];
    if (column.type == ColumnType::kIgnored) continue;
    kept.push_back(i);
    table.add_columns(column.name);
  }
  const int64_t rows = dataset.row_count();
  const int64_t end = count < rows - first ? first + count : rows;
  for (int64_t row = first; row < end; ++row) {
    google::protobuf::ListValue* cells = table.add_rows();
    for (const int column : kept) *cells->add_values() = Cell(dataset, row, column);
  }
  return table;
}

}  // namespace trainyard
