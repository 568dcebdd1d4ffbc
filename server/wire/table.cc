// The rows of a prediction.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/dataset_builder.h"
#include "core/data/number.h"
#include "core/data/read_dataset.h"
#include "core/data/sparse_numbers.h"
#include "server/wire/model.h"

namespace trainyard {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Value;

constexpr double kMissingCell = std::numeric_limits<double>::quiet_NaN();

// At most the first 64 bytes, whole characters only.
std::string Quote(const std::string& text) {
  size_t end = std::min<size_t>(text.size(), 64);
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat("\"", text.substr(0, end), end < text.size() ? "…\"" : "\"");
}

std::string Describe(const Value& cell) {
  switch (cell.kind_case()) {
    case Value::kNumberValue:
      return NumberText(cell.number_value());
    case Value::kStringValue:
      return Quote(cell.string_value());
    case Value::kNullValue:
      return "null";
    case Value::kBoolValue:
      return cell.bool_value() ? "true" : "false";
    case Value::kStructValue:
      return "an object";
    case Value::kListValue:
      return "a list";
    case Value::KIND_NOT_SET:
      break;
  }
  return "unset";
}

// One column of the table to be read: numbers as they are, categories as codes of `column.categories`, which grows as
// new ones come.
class ColumnReader {
 public:
  ColumnReader(int place, Column column) : place_(place), column_(std::move(column)) {
    for (size_t i = 0; i < column_.categories.size(); ++i) codes_[column_.categories[i].value] = static_cast<double>(i);
  }

  // The cell's place in a row.
  int place() const { return place_; }
  const Column& column() const { return column_; }

  // INVALID_ARGUMENT: the cell is of a kind that does not belong here; a FieldError on `values[place]`.
  absl::StatusOr<double> Read(const ListValue& row) {
    const Value& cell = row.values(place_);
    if (column_.type == ColumnType::kSparse) return ReadSparse(cell);
    if (cell.kind_case() == Value::kNullValue) return kMissingCell;
    const bool finite = cell.has_number_value() && std::isfinite(cell.number_value());
    if (column_.type == ColumnType::kNumeric) {
      if (finite) return cell.number_value();
      return Error(cell, "a finite number or null");
    }
    if (finite) return CodeOf(NumberText(cell.number_value()));
    if (cell.has_string_value()) return CodeOf(cell.string_value());
    return Error(cell, "a text, a finite number or null");
  }

  // The numbers of each row read, of a sparse column.
  bool is_sparse() const { return column_.type == ColumnType::kSparse; }
  const SparseNumbers& sparse(int row) const { return sparse_[static_cast<size_t>(row)]; }

 private:
  absl::StatusOr<double> ReadSparse(const Value& cell) {
    SparseNumbers& numbers = sparse_.emplace_back();
    if (cell.kind_case() == Value::kNullValue) return kMissingCell;
    if (!cell.has_string_value()) return Error(cell, "a text of sparse numbers, as in 3:1.5 10:2, or null");
    const std::optional<SparseFault> fault = ParseSparse(cell.string_value(), ReadLimits().max_sparse_width, numbers);
    if (!fault.has_value()) return kMissingCell;
    return Error(cell,
                 absl::StrCat("a text of sparse numbers, as in 3:1.5 10:2 (",
                              fault->index > 0 ? absl::StrCat("index ", fault->index, ": ") : "", fault->fault, ")"));
  }

  absl::Status Error(const Value& cell, std::string_view rule) const {
    return FieldError(absl::StrCat("values[", place_, "]"), Describe(cell),
                      absl::StrCat(std::string(rule), ": column `", column_.name, "`"));
  }

  double CodeOf(const std::string& category) {
    const auto [position, is_new] = codes_.try_emplace(category, static_cast<double>(codes_.size()));
    if (is_new) column_.categories.push_back({.value = category});
    return position->second;
  }

  int place_;
  Column column_;
  std::map<std::string, double> codes_;
  std::vector<SparseNumbers> sparse_;
};

Column MakeColumn(const std::string& name, ColumnType type, ColumnRole role,
                  const std::vector<std::string>& categories) {
  Column column;
  column.name = name;
  column.type = type;
  column.role = role;
  for (const std::string& category : categories) column.categories.push_back({.value = category});
  return column;
}

absl::StatusOr<std::map<std::string, int>> PlacesOf(const v1::Table& table) {
  std::map<std::string, int> places;
  for (int i = 0; i < table.columns_size(); ++i) {
    if (places.try_emplace(table.columns(i), i).second) continue;
    return FieldError(absl::StrCat("table.columns[", i, "]"), std::string_view(table.columns(i)),
                      "a name that no column before it has");
  }
  return places;
}

absl::StatusOr<std::vector<ColumnReader>> MakeReaders(const v1::Table& table, const Encoding& encoding) {
  ASSIGN_OR_RETURN(const auto places, PlacesOf(table));
  std::vector<ColumnReader> readers;
  for (const FeatureEncoding& feature : encoding.features) {
    const auto place = places.find(feature.column);
    if (place == places.end()) {
      return FieldError("table.columns", absl::StrCat(places.size(), " names"),
                        absl::StrCat("names with `", feature.column, "` among them, a feature of the model"));
    }
    readers.emplace_back(place->second,
                         MakeColumn(feature.column, feature.type, ColumnRole::kFeature, feature.categories));
  }
  const TargetEncoding& target = encoding.target;
  if (const auto place = places.find(target.column); place != places.end()) {
    readers.emplace_back(place->second, MakeColumn(target.column, target.type, ColumnRole::kTarget, target.classes));
  }
  return readers;
}

// Appends the row's cells to `cells`. INVALID_ARGUMENT: a FieldError relative to the table.
absl::Status ReadRow(const v1::Table& table, int row, std::vector<ColumnReader>& readers, std::vector<double>& cells) {
  const std::string field = absl::StrCat("table.rows[", row, "]");
  const ListValue& values = table.rows(row);
  if (values.values_size() != table.columns_size()) {
    return FieldError(field, absl::StrCat(values.values_size(), " cells"),
                      absl::StrCat(table.columns_size(), " cells, as many as columns"));
  }
  for (ColumnReader& reader : readers) {
    const absl::StatusOr<double> cell = reader.Read(values);
    if (!cell.ok()) return InField(field, cell.status());
    cells.push_back(*cell);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Dataset>> FromTable(const v1::Table& table, const Encoding& encoding) {
  ASSIGN_OR_RETURN(std::vector<ColumnReader> readers, MakeReaders(table, encoding));
  std::vector<double> cells;
  cells.reserve(static_cast<size_t>(table.rows_size()) * readers.size());
  for (int row = 0; row < table.rows_size(); ++row) RETURN_IF_ERROR(ReadRow(table, row, readers, cells));

  Schema schema;
  for (const ColumnReader& reader : readers) schema.columns.push_back(reader.column());
  DatasetBuilder builder(std::move(schema));
  for (int row = 0; row < table.rows_size(); ++row) {
    std::vector<SparseNumbers> sparse;
    for (const ColumnReader& reader : readers) {
      if (reader.is_sparse()) sparse.push_back(reader.sparse(row));
    }
    builder.AddRow(std::span(cells).subspan(row * readers.size(), readers.size()), sparse);
  }
  return std::move(builder).Build();
}

}  // namespace trainyard
