#include "core/data/column_scan.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/dataset_format.h"
#include "core/data/number.h"

namespace trainyard {
namespace {

// Of all categories of a column.
constexpr int64_t kMostCategoryBytes = int64_t{256} << 20;

// More than Quoted shows.
constexpr size_t kMostShownBytes = 64;

// A target with more different whole numbers is numeric.
constexpr size_t kMaxInferredClasses = 100;

ColumnType TypeWanted(const ColumnPlan& plan) {
  if (plan.role == ColumnRole::kSplit) return ColumnType::kCategorical;
  return plan.type.value_or(ColumnType::kNumeric);
}

// Whether all whole numbers of this size are doubles, so that a double stands for one of them alone.
bool IsExact(double x) { return std::abs(x) < kLargestExactInteger; }

bool NamesPart(std::string_view value) { return value == "train" || value == "validation" || value == "test"; }

}  // namespace

void NumberScan::Add(double x) {
  ++all_.count;
  all_.minimum = all_.count == 1 ? x : std::min(all_.minimum, x);
  all_.maximum = all_.count == 1 ? x : std::max(all_.maximum, x);
  const double distance = x - all_.mean;
  all_.mean += distance / static_cast<double>(all_.count);
  all_.square += distance * (x - all_.mean);
  all_.fits_u8 = all_.fits_u8 && x >= 0 && x <= 255 && static_cast<double>(static_cast<uint8_t>(x)) == x;
  all_.fits_f32 =
      all_.fits_f32 && (all_.fits_u8 || (std::abs(x) <= FLT_MAX && static_cast<double>(static_cast<float>(x)) == x));
}

void NumberScan::Add(const NumberBlock& block) {
  if (block.count == 0) return;
  if (all_.count == 0) {
    all_ = block;
    return;
  }
  const double count = static_cast<double>(all_.count + block.count);
  const double distance = block.mean - all_.mean;
  const double share = static_cast<double>(block.count) / count;
  all_.square += block.square + distance * distance * static_cast<double>(all_.count) * share;
  all_.mean += distance * share;
  all_.count += block.count;
  all_.minimum = std::min(all_.minimum, block.minimum);
  all_.maximum = std::max(all_.maximum, block.maximum);
  all_.fits_u8 = all_.fits_u8 && block.fits_u8;
  all_.fits_f32 = all_.fits_f32 && block.fits_f32;
}

NumericStatistics NumberScan::statistics() const {
  if (all_.count == 0) return {};
  return {all_.mean, std::sqrt(all_.square / static_cast<double>(all_.count)), all_.minimum, all_.maximum};
}

CellKind NumberScan::kind(int64_t missing_count) const {
  if (all_.fits_u8 && missing_count == 0) return CellKind::kU8;
  return all_.fits_f32 ? CellKind::kF32 : CellKind::kF64;
}

uint32_t CategoryTable::Add(std::string_view value) {
  const auto found = codes_.find(value);
  if (found != codes_.end()) {
    ++counts_[found->second];
    return found->second;
  }
  const uint32_t code = static_cast<uint32_t>(values_.size());
  codes_.emplace(values_.emplace_back(value), code);
  counts_.push_back(1);
  text_bytes_ += static_cast<int64_t>(value.size());
  return code;
}

std::vector<Category> CategoryTable::categories() const {
  std::vector<Category> categories;
  for (size_t i = 0; i < values_.size(); ++i) categories.push_back({values_[i], counts_[i]});
  return categories;
}

ColumnScan::ColumnScan(ColumnPlan plan, int64_t max_categories)
    : plan_(std::move(plan)),
      max_categories_(max_categories),
      state_(TypeWanted(plan_) == ColumnType::kIgnored       ? State::kIgnored
             : TypeWanted(plan_) == ColumnType::kCategorical ? State::kText
                                                             : State::kNumbers),
      role_allows_any_(plan_.role != ColumnRole::kWeight),
      may_be_classes_(plan_.role == ColumnRole::kTarget && !plan_.type.has_value()) {}

ColumnScan ColumnScan::Again() const {
  ColumnScan scan(plan_, max_categories_);
  if (state_ == State::kText) scan.state_ = State::kText;
  return scan;
}

absl::Status ColumnScan::AddText(int64_t row, int64_t rows_before, std::string_view cell, double* value) {
  *value = std::numeric_limits<double>::quiet_NaN();
  if (state_ == State::kIgnored || wants_categories_) return absl::OkStatus();
  if (state_ == State::kText) {
    ASSIGN_OR_RETURN(*value, AddCategory(row, cell));
    return absl::OkStatus();
  }
  double x;
  switch (ParseNumber(cell, &x)) {
    case NumberKind::kFinite:
      *value = x;
      return TakeNumber(row, x);
    case NumberKind::kNotFinite:
      if (not_finite_row_ == 0) {
        not_finite_row_ = row;
        not_finite_text_ = cell.substr(0, kMostShownBytes);
      }
      return plan_.type.has_value() ? NotFinite() : absl::OkStatus();
    case NumberKind::kText:
      return TakeText(row, rows_before, cell, value);
  }
  return absl::OkStatus();
}

void ColumnScan::AddBlock(const NumberBlock& block) {
  if (state_ == State::kNumbers) numbers_.Add(block);
}

absl::Status ColumnScan::TakeText(int64_t row, int64_t rows_before, std::string_view cell, double* value) {
  if (plan_.type.has_value() || plan_.role == ColumnRole::kWeight) {
    return BadCell(row, plan_.name, absl::StrCat(Quoted(cell), " is not a number"));
  }
  state_ = State::kText;
  wants_categories_ = rows_before > missing_count_;
  if (wants_categories_) return absl::OkStatus();
  ASSIGN_OR_RETURN(*value, AddCategory(row, cell));
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ColumnScan::AddCategory(int64_t row, std::string_view cell) {
  if (cell.size() > kMostTextBytes) {
    return BadCell(row, plan_.name,
                   absl::StrCat("a text of ", cell.size(), " bytes; the limit is ", kMostTextBytes,
                                "; declare the column ignored"));
  }
  const uint32_t code = table_.Add(cell);
  if (table_.size() > max_categories_) return TooManyCategories(row);
  if (table_.text_bytes() > kMostCategoryBytes) {
    return BadCell(row, plan_.name,
                   absl::StrCat("the column's different values have more than ", kMostCategoryBytes,
                                " bytes; declare it ignored"));
  }
  if (plan_.role == ColumnRole::kSplit && !NamesPart(table_.value(code))) {
    return BadCell(row, plan_.name, absl::StrCat(Quoted(cell), " must be train, validation or test"));
  }
  return code;
}

absl::Status ColumnScan::TooManyCategories(int64_t row) const {
  return BadCell(row, plan_.name,
                 absl::StrCat("the column has more than ", max_categories_, " different values; declare it ignored"));
}

absl::Status ColumnScan::AddNumber(int64_t row, double x) {
  if (state_ == State::kIgnored) return absl::OkStatus();
  if (!std::isfinite(x))
    return BadCell(row, plan_.name, absl::StrCat(Quoted(NumberText(x)), " must be a finite number"));
  if (state_ != State::kNumbers) return CountCategory(row, x);
  RETURN_IF_ERROR(TakeNumber(row, x));
  numbers_.Add(x);
  return absl::OkStatus();
}

absl::Status ColumnScan::TakeNumber(int64_t row, double x) {
  if (x < 0 && plan_.role == ColumnRole::kWeight) {
    return BadCell(row, plan_.name, absl::StrCat("the weight ", NumberText(x), " must be at least 0"));
  }
  if (may_be_classes_) CountClass(x);
  return absl::OkStatus();
}

void ColumnScan::CountClass(double x) {
  const bool names_class = x == std::trunc(x) && IsExact(x);
  if (names_class) ++value_counts_[x];
  if (!names_class || value_counts_.size() > kMaxInferredClasses) {
    may_be_classes_ = false;
    value_counts_.clear();
  }
}

absl::Status ColumnScan::CountCategory(int64_t row, double x) {
  state_ = State::kNumberedCategories;
  if (!IsExact(x)) {
    return BadCell(
        row, plan_.name,
        absl::StrCat(NumberText(x), " can't be told from the whole numbers beside it, as a category must be; ",
                     "number the categories from 0, or upload them as text in a CSV file"));
  }
  ++value_counts_[x];
  if (static_cast<int64_t>(value_counts_.size()) > max_categories_) return TooManyCategories(row);
  return absl::OkStatus();
}

absl::Status ColumnScan::AddMissing(int64_t row) {
  if (plan_.role == ColumnRole::kWeight) return BadCell(row, plan_.name, "the weight is missing");
  if (plan_.role == ColumnRole::kSplit)
    return BadCell(row, plan_.name, "the part is missing; it must be train, validation or test");
  ++missing_count_;
  return absl::OkStatus();
}

std::optional<int64_t> ColumnScan::not_finite_row() const {
  if (state_ != State::kNumbers || not_finite_row_ == 0) return std::nullopt;
  return not_finite_row_;
}

absl::Status ColumnScan::NotFinite() const {
  return BadCell(not_finite_row_, plan_.name, absl::StrCat(Quoted(not_finite_text_), " must be a finite number"));
}

Column ColumnScan::Finish() {
  Column column;
  column.name = plan_.name;
  column.role = plan_.role;
  if (state_ == State::kIgnored) {
    column.type = ColumnType::kIgnored;
    return column;
  }
  column.missing_count = missing_count_;
  if (state_ == State::kNumbers && may_be_classes_ && !value_counts_.empty()) state_ = State::kNumberedCategories;
  if (state_ == State::kNumbers) {
    column.numeric = numbers_.statistics();
    kind_ = numbers_.kind(missing_count_);
    return column;
  }
  column.type = ColumnType::kCategorical;
  kind_ = CellKind::kCode;
  if (state_ == State::kText) column.categories = table_.categories();
  for (const auto& [value, count] : value_counts_) {
    if (state_ != State::kNumberedCategories) break;
    category_values_.push_back(value);
    column.categories.push_back({NumberText(value), count});
  }
  return column;
}

bool ColumnScan::IsStoredBy(const ColumnScan& finished) const {
  switch (finished.state_) {
    case State::kIgnored:
      return state_ == State::kIgnored;
    case State::kText:
      return state_ == State::kText && !wants_categories_;
    case State::kNumbers:
      return state_ == State::kNumbers && numbers_.kind(missing_count_) <= finished.kind_;
    case State::kNumberedCategories:
      return state_ == State::kNumbers && may_be_classes_ &&
             std::all_of(value_counts_.begin(), value_counts_.end(), [&finished](const auto& entry) {
               return std::binary_search(finished.category_values_.begin(), finished.category_values_.end(),
                                         entry.first);
             });
  }
  return false;
}

double ColumnScan::Value(std::string_view text) const {
  if (state_ == State::kIgnored) return std::numeric_limits<double>::quiet_NaN();
  if (state_ == State::kText) return table_.Code(text);
  double x = 0;
  ParseNumber(text, &x);
  return x;
}

uint32_t ColumnScan::Code(double value) const {
  if (std::isnan(value)) return kMissingCode;
  if (state_ == State::kText) return static_cast<uint32_t>(value);
  const auto found = std::lower_bound(category_values_.begin(), category_values_.end(), value);
  return static_cast<uint32_t>(found - category_values_.begin());
}

void ColumnScan::StoreNumber(double x, std::byte* cell) const {
  if (kind_ == CellKind::kCode) return StoreCode(Code(x), cell);
  trainyard::StoreNumber(kind_, x, cell);
}

}  // namespace trainyard
