// Small data sets, written down as rows.

#ifndef TRAINYARD_TESTS_CORE_DATA_BUILDING_H_
#define TRAINYARD_TESTS_CORE_DATA_BUILDING_H_

#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset.h"
#include "core/data/dataset_builder.h"

namespace trainyard {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

inline Column Numeric(std::string name, ColumnRole role = ColumnRole::kFeature) {
  Column column;
  column.name = std::move(name);
  column.role = role;
  return column;
}

inline Column Categorical(std::string name, const std::vector<std::string>& values,
                          ColumnRole role = ColumnRole::kFeature) {
  Column column = Numeric(std::move(name), role);
  column.type = ColumnType::kCategorical;
  for (const std::string& value : values) column.categories.push_back({value, 0});
  return column;
}

inline std::shared_ptr<const Dataset> Rows(std::vector<Column> columns, const std::vector<std::vector<double>>& rows) {
  DatasetBuilder builder(Schema{std::move(columns)});
  for (const std::vector<double>& row : rows) builder.AddRow(row);
  return std::move(builder).Build();
}

inline std::vector<uint32_t> AllRows(const Dataset& dataset) {
  std::vector<uint32_t> rows(static_cast<size_t>(dataset.row_count()));
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_CORE_DATA_BUILDING_H_
