// What the columns of a data set are.

#ifndef TRAINYARD_CORE_DATA_SCHEMA_H_
#define TRAINYARD_CORE_DATA_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trainyard {

// Of a category or a column's name.
inline constexpr size_t kMostTextBytes = size_t{64} << 10;

// A sparse column is many numbers, nearly all of them 0; the others are kept.
enum class ColumnType { kNumeric, kCategorical, kIgnored, kSparse };
enum class ColumnRole { kFeature, kTarget, kWeight, kSplit };

// Over the cells that are not missing; deviation with ddof 0. All 0 where every cell is missing.
struct NumericStatistics {
  double mean = 0;
  double deviation = 0;
  double minimum = 0;
  double maximum = 0;

  friend bool operator==(const NumericStatistics&, const NumericStatistics&) = default;
};

struct Category {
  std::string value;
  int64_t count = 0;

  friend bool operator==(const Category&, const Category&) = default;
};

struct Column {
  std::string name;
  ColumnType type = ColumnType::kNumeric;
  ColumnRole role = ColumnRole::kFeature;
  int64_t missing_count = 0;
  NumericStatistics numeric;         // numeric columns
  std::vector<Category> categories;  // categorical columns; a cell's code is its index here
  int64_t width = 0;                 // sparse columns: how many numbers,
  int64_t nonzero_count = 0;         // and how many of all rows' are kept

  friend bool operator==(const Column&, const Column&) = default;
};

struct Schema {
  std::vector<Column> columns;

  // Index of the column of that name or role; nullopt where there is none.
  std::optional<int> Find(std::string_view name) const;
  std::optional<int> Find(ColumnRole role) const;

  friend bool operator==(const Schema&, const Schema&) = default;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_SCHEMA_H_
