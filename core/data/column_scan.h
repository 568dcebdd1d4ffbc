// What a first pass over the cells of one column finds: its type, kind of cell, categories, statistics, and the first fault.

#ifndef TRAINYARD_CORE_DATA_COLUMN_SCAN_H_
#define TRAINYARD_CORE_DATA_COLUMN_SCAN_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "core/data/dataset.h"
#include "core/data/schema.h"

namespace trainyard {

// A column before its cells are read.
struct ColumnPlan {
  std::string name;
  ColumnRole role = ColumnRole::kFeature;
  std::optional<ColumnType> type;  // nullopt: to be inferred
};

// Of numbers that arrive one by one (Welford 1962); missing ones are not among them.
class NumberScan {
 public:
  void Add(double x);
  int64_t count() const { return count_; }
  NumericStatistics statistics() const;

  // The narrowest that holds all of them exactly, and NaN if `missing_count` is not 0.
  CellKind kind(int64_t missing_count) const;

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double square_ = 0;  // sum of squared deviations from the mean
  double minimum_ = 0;
  double maximum_ = 0;
  bool fits_u8_ = true;
  bool fits_f32_ = true;
};

// Different texts in order of first appearance; a text's code is its position.
class CategoryTable {
 public:
  CategoryTable() = default;
  CategoryTable(CategoryTable&&) = default;

  // Counts `value` and returns its code.
  uint32_t Add(std::string_view value);
  uint32_t Code(std::string_view value) const { return codes_.find(value)->second; }
  const std::string& value(uint32_t code) const { return values_[code]; }
  int64_t size() const { return static_cast<int64_t>(values_.size()); }
  std::vector<Category> categories() const;

 private:
  std::deque<std::string> values_;  // never move: codes_ shows them
  std::vector<int64_t> counts_;
  std::unordered_map<std::string_view, uint32_t> codes_;
};

class ColumnScan {
 public:
  ColumnScan(ColumnPlan plan, int64_t max_categories);

  // The first pass, by row: one of these for each cell. Numbers of a column declared categorical are categories in numeric order.
  // INVALID_ARGUMENT (BAD_DATA): a fault that is certain by now.
  absl::Status AddText(int64_t row, std::string_view cell);
  absl::Status AddNumber(int64_t row, double x);
  absl::Status AddMissing(int64_t row);

  // Text came after numbers: AddCategory wants all cells that are not missing once more.
  bool wants_categories() const { return wants_categories_; }
  absl::Status AddCategory(int64_t row, std::string_view cell);

  // The row of the first cell that is not finite in a column of numbers, and its fault; nullopt where there is none.
  std::optional<int64_t> not_finite_row() const;
  absl::Status NotFinite() const;

  // After the passes.
  Column Finish();
  CellKind kind() const { return kind_; }
  bool ignored() const { return state_ == State::kIgnored; }

  // The second pass: writes a cell where the record has it.
  void StoreText(std::string_view text, std::byte* cell) const;
  void StoreNumber(double x, std::byte* cell) const;
  void StoreMissing(std::byte* cell) const;

 private:
  enum class State { kIgnored, kNumbers, kText, kNumberedCategories };

  absl::Status TakeText(int64_t row, std::string_view cell);
  void CountClass(double x);
  absl::Status CountCategory(int64_t row, double x);
  absl::Status TooManyCategories(int64_t row) const;
  uint32_t CodeOf(double x) const;

  ColumnPlan plan_;
  int64_t max_categories_;
  State state_;
  CellKind kind_ = CellKind::kF64;
  int64_t missing_count_ = 0;
  NumberScan numbers_;
  bool may_be_classes_;
  std::map<double, int64_t> value_counts_;  // of numbers that are, or may be, categories
  std::vector<double> category_values_;     // their keys, after Finish
  CategoryTable table_;
  bool wants_categories_ = false;
  int64_t not_finite_row_ = 0;
  std::string not_finite_text_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_COLUMN_SCAN_H_
