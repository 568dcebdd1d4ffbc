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
#include "absl/status/statusor.h"
#include "core/data/dataset.h"
#include "core/data/schema.h"

namespace trainyard {

// A column before its cells are read.
struct ColumnPlan {
  std::string name;
  ColumnRole role = ColumnRole::kFeature;
  std::optional<ColumnType> type;  // nullopt: to be inferred
};

// What is known of some numbers; missing ones are not among them.
struct NumberBlock {
  int64_t count = 0;
  double mean = 0;
  double square = 0;  // sum of squared deviations from the mean
  double minimum = 0;
  double maximum = 0;
  bool fits_u8 = true;
  bool fits_f32 = true;
};

// Of numbers that arrive one by one (Welford 1962) or in blocks (Chan, Golub, LeVeque 1983).
class NumberScan {
 public:
  void Add(double x);
  void Add(const NumberBlock& block);
  int64_t count() const { return all_.count; }
  const NumberBlock& block() const { return all_; }
  NumericStatistics statistics() const;

  // The narrowest that holds all of them exactly, and NaN if `missing_count` is not 0.
  CellKind kind(int64_t missing_count) const;

 private:
  NumberBlock all_;
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
  int64_t text_bytes() const { return text_bytes_; }  // of all values
  std::vector<Category> categories() const;

 private:
  std::deque<std::string> values_;  // never move: codes_ shows them
  std::vector<int64_t> counts_;
  int64_t text_bytes_ = 0;
  std::unordered_map<std::string_view, uint32_t> codes_;
};

class ColumnScan {
 public:
  ColumnScan(ColumnPlan plan, int64_t max_categories);

  // A scan of the same column from its start, which need not learn again that there is text in it.
  ColumnScan Again() const;

  // The first pass, by row: one of these for each cell. Numbers of a column declared categorical are categories in numeric order.
  // INVALID_ARGUMENT (BAD_DATA): a fault that is certain by now.
  absl::Status AddNumber(int64_t row, double x);
  absl::Status AddMissing(int64_t row);

  // A cell of text, `rows_before` rows having been scanned; `value` becomes its number or its code. Such numbers count once their block
  // is added.
  absl::Status AddText(int64_t row, int64_t rows_before, std::string_view cell, double* value);
  void AddBlock(const NumberBlock& block);

  // All numbers that blocks brought are floats. Once it is false a block need not say so.
  bool may_be_narrow() const { return numbers_.block().fits_f32; }

  // A finite number may be taken as it is, without AddText.
  bool takes_any_number() const { return state_ == State::kNumbers && role_allows_any_ && !may_be_classes_; }

  // Text came after numbers: AddCategory wants all cells that are not missing once more.
  bool wants_categories() const { return wants_categories_; }
  absl::StatusOr<uint32_t> AddCategory(int64_t row, std::string_view cell);  // its code

  // The row of the first cell that is not finite in a column of numbers, and its fault; nullopt where there is none.
  std::optional<int64_t> not_finite_row() const;
  absl::Status NotFinite() const;

  // After the passes.
  Column Finish();
  CellKind kind() const { return kind_; }
  bool ignored() const { return state_ == State::kIgnored; }

  // Whether `finished`, a scan of some of the same rows, stores what this has seen as this would.
  bool IsStoredBy(const ColumnScan& finished) const;

  // The later passes: the value of a cell that is not missing, as AddText gives it.
  double Value(std::string_view text) const;

  // The code of a value in a column of codes.
  uint32_t Code(double value) const;

  // Writes a number where the record has it.
  void StoreNumber(double x, std::byte* cell) const;

 private:
  enum class State { kIgnored, kNumbers, kText, kNumberedCategories };

  absl::Status TakeText(int64_t row, int64_t rows_before, std::string_view cell, double* value);
  absl::Status TakeNumber(int64_t row, double x);
  void CountClass(double x);
  absl::Status CountCategory(int64_t row, double x);
  absl::Status TooManyCategories(int64_t row) const;

  ColumnPlan plan_;
  int64_t max_categories_;
  State state_;
  CellKind kind_ = CellKind::kF64;
  int64_t missing_count_ = 0;
  NumberScan numbers_;
  bool role_allows_any_;
  bool may_be_classes_;
  std::map<double, int64_t> value_counts_;  // of numbers that are, or may be, categories
  std::vector<double> category_values_;     // their keys, in columns of such, after Finish
  CategoryTable table_;
  bool wants_categories_ = false;
  int64_t not_finite_row_ = 0;
  std::string not_finite_text_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_COLUMN_SCAN_H_
