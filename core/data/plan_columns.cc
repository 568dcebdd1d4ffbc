#include "core/data/plan_columns.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/number.h"

namespace trainyard {
namespace {

std::string_view TypeName(ColumnType type) {
  switch (type) {
    case ColumnType::kNumeric:
      return "numeric";
    case ColumnType::kCategorical:
      return "categorical";
    case ColumnType::kIgnored:
      return "ignored";
    case ColumnType::kSparse:
      return "sparse";
  }
  return "";
}

class Planner {
 public:
  explicit Planner(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      index_.emplace(name, plans_.size());
      plans_.emplace_back().name = name;
    }
  }

  absl::Status Declare(const std::string& name, ColumnType type) {
    const auto found = index_.find(name);
    if (found == index_.end())
      return FieldError(TypesField(name), TypeName(type), "the type of a column that is there");
    if (type == ColumnType::kSparse) {
      return FieldError(TypesField(name), TypeName(type),
                        "numeric, categorical or ignored, as the column is not sparse");
    }
    plans_[found->second].type = type;
    return absl::OkStatus();
  }

  // Gives the column `name` a role, whose declared type must not be among `unfit`.
  absl::Status Assign(std::string_view field, const std::string& name, ColumnRole role, std::vector<ColumnType> unfit,
                      std::string_view rule) {
    const auto found = index_.find(name);
    if (found == index_.end()) return FieldError(field, std::string_view(name), "the name of a column");
    ColumnPlan& plan = plans_[found->second];
    if (plan.role != ColumnRole::kFeature)
      return FieldError(field, std::string_view(name), "a column without another role");
    if (plan.type.has_value() && std::find(unfit.begin(), unfit.end(), *plan.type) != unfit.end()) {
      return FieldError(TypesField(name), TypeName(*plan.type), rule);
    }
    plan.role = role;
    return absl::OkStatus();
  }

  std::vector<ColumnPlan>& plans() { return plans_; }

 private:
  static std::string TypesField(const std::string& name) { return absl::StrCat("types[", name, "]"); }

  std::vector<ColumnPlan> plans_;
  std::unordered_map<std::string_view, size_t> index_;
};

bool IsConstant(const Column& column, int64_t row_count) {
  switch (column.type) {
    case ColumnType::kNumeric:
      return column.missing_count < row_count && column.numeric.minimum == column.numeric.maximum;
    case ColumnType::kCategorical:
      return column.missing_count == 0 && column.categories.size() == 1;
    case ColumnType::kIgnored:
    case ColumnType::kSparse:
      return false;
  }
  return false;
}

// Cells of a column with categories, of which these few are no numbers: `"a" ("n/a" in 3 rows)`.
std::optional<std::string> OddCellsOf(const Column& column) {
  constexpr int64_t kNumbersToEachOther = 9;
  constexpr int64_t kLeastNumbers = 20;
  int64_t numbers = 0;
  int64_t others = 0;
  const Category* most = nullptr;
  for (const Category& category : column.categories) {
    double number;
    if (ParseNumber(category.value, &number) != NumberKind::kText) {
      numbers += category.count;
      continue;
    }
    others += category.count;
    if (most == nullptr || category.count > most->count) most = &category;
  }
  if (most == nullptr || numbers < kLeastNumbers || numbers < kNumbersToEachOther * others) return std::nullopt;
  return absl::StrCat(Quoted(column.name), " (", Quoted(most->value), " in ", most->count, " rows",
                      most->count < others ? absl::StrCat(", other texts in ", others - most->count) : "", ")");
}

}  // namespace

absl::StatusOr<std::vector<ColumnPlan>> PlanColumns(const std::vector<std::string>& names, const ReadOptions& options) {
  using enum ColumnType;
  Planner planner(names);
  for (const auto& [name, type] : options.types) RETURN_IF_ERROR(planner.Declare(name, type));
  if (options.target.has_value()) {
    RETURN_IF_ERROR(planner.Assign("target", *options.target, ColumnRole::kTarget, {kIgnored},
                                   "kept, as the column is the target"));
  }
  if (options.weight.has_value()) {
    RETURN_IF_ERROR(planner.Assign("weight", *options.weight, ColumnRole::kWeight, {kIgnored, kCategorical},
                                   "numeric, as the column holds the weights"));
  }
  if (options.split.has_value()) {
    RETURN_IF_ERROR(planner.Assign("split", *options.split, ColumnRole::kSplit, {kIgnored, kNumeric},
                                   "categorical, as the column names the parts"));
  }
  return std::move(planner.plans());
}

bool DeclaredIgnored(const ReadOptions& options, const std::string& column) {
  const auto type = options.types.find(column);
  return type != options.types.end() && type->second == ColumnType::kIgnored;
}

std::optional<std::string> LastFeature(const std::vector<std::string>& names, const ReadOptions& options) {
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!DeclaredIgnored(options, *name) && *name != options.weight && *name != options.split) return *name;
  }
  return std::nullopt;
}

std::vector<std::string> WarningsOf(const Schema& schema, int64_t row_count) {
  std::vector<std::string> constant;
  std::vector<std::string> sparse;
  for (const Column& column : schema.columns) {
    if (column.role == ColumnRole::kSplit || column.role == ColumnRole::kWeight) continue;
    if (IsConstant(column, row_count)) constant.push_back(column.name);
    if (column.missing_count > row_count / 2) sparse.push_back(column.name);
  }
  std::vector<std::string> warnings;
  if (!constant.empty()) warnings.push_back(absl::StrCat("constant columns: ", SomeOf(constant)));
  if (!sparse.empty())
    warnings.push_back(absl::StrCat("columns missing in more than half of the rows: ", SomeOf(sparse)));
  return warnings;
}

std::optional<std::string> WarningOfOddCells(const Schema& schema, const ReadOptions& options) {
  constexpr size_t kMostShown = 5;
  std::vector<std::string> odd;
  for (const Column& column : schema.columns) {
    if (column.type != ColumnType::kCategorical || column.role == ColumnRole::kSplit) continue;
    if (options.types.contains(column.name)) continue;
    if (std::optional<std::string> cells = OddCellsOf(column)) odd.push_back(*std::move(cells));
  }
  if (odd.empty()) return std::nullopt;
  const size_t left_out = odd.size() - std::min(odd.size(), kMostShown);
  odd.resize(odd.size() - left_out);
  return absl::StrCat("categories, though nearly all cells are numbers: ", absl::StrJoin(odd, ", "),
                      left_out > 0 ? absl::StrCat(" and ", left_out, " more columns") : "",
                      "; correct the cells, or name them as missing");
}

}  // namespace trainyard
