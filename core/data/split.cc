#include "core/data/split.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/random.h"
#include "core/base/status.h"
#include "core/data/apportion.h"
#include "core/data/bad_data.h"

namespace trainyard {
namespace {

bool IsMissing(const Dataset& dataset, int64_t row, int column) {
  if (dataset.schema().columns[column].type == ColumnType::kCategorical)
    return dataset.Code(row, column) == kMissingCode;
  return std::isnan(dataset.Number(row, column));
}

absl::Status CheckFraction(std::string_view field, std::optional<double> fraction) {
  if (!fraction.has_value() || (*fraction > 0 && *fraction < 1)) return absl::OkStatus();
  return FieldError(field, *fraction, std::string_view("in (0, 1)"));
}

absl::Status CheckOptions(const Dataset& dataset, int target, const SplitOptions& options) {
  RETURN_IF_ERROR(CheckFraction("validation_fraction", options.validation_fraction));
  RETURN_IF_ERROR(CheckFraction("test_fraction", options.test_fraction));
  const double validation = options.validation_fraction.value_or(0);
  const double test = options.test_fraction.value_or(0);
  if (!(validation + test < 1))
    return FieldError("test_fraction", test, absl::StrCat("below 1 - validation_fraction = ", 1 - validation));
  if (dataset.schema().Find(ColumnRole::kSplit).has_value()) {
    constexpr std::string_view kRule = "left out, as the data set has a split column";
    if (options.validation_fraction.has_value()) return FieldError("validation_fraction", validation, kRule);
    if (options.test_fraction.has_value()) return FieldError("test_fraction", test, kRule);
  }
  if (options.stratified == true && dataset.schema().columns[target].type != ColumnType::kCategorical) {
    return FieldError("stratified", std::string_view("true"), "false or left out, as the target is numeric");
  }
  return absl::OkStatus();
}

// The part that each code of the split column names.
absl::StatusOr<Split> SplitByColumn(const Dataset& dataset, int target, int split_column) {
  const Column& column = dataset.schema().columns[split_column];
  Split split;
  std::vector<std::vector<uint32_t>*> parts;
  for (const Category& category : column.categories) {
    parts.push_back(category.value == "train"        ? &split.training
                    : category.value == "validation" ? &split.validation
                    : category.value == "test"       ? &split.test
                                                     : nullptr);
  }
  for (int64_t row = 0; row < dataset.row_count(); ++row) {
    const uint32_t code = dataset.Code(row, split_column);
    if (code == kMissingCode)
      return BadCell(row + 1, column.name, "the part is missing; it must be train, validation or test");
    if (parts[code] == nullptr) {
      return BadCell(row + 1, column.name,
                     absl::StrCat(Quoted(column.categories[code].value), " must be train, validation or test"));
    }
    if (!IsMissing(dataset, row, target)) parts[code]->push_back(static_cast<uint32_t>(row));
  }
  return split;
}

// The rows to draw from, by class where the draw is stratified.
std::vector<std::vector<uint32_t>> Strata(const Dataset& dataset, int target, bool by_class) {
  const size_t classes = dataset.schema().columns[target].categories.size();
  std::vector<std::vector<uint32_t>> strata(by_class ? classes : 1);
  for (int64_t row = 0; row < dataset.row_count(); ++row) {
    if (IsMissing(dataset, row, target)) continue;
    strata[by_class ? dataset.Code(row, target) : 0].push_back(static_cast<uint32_t>(row));
  }
  return strata;
}

Split DrawSplit(std::vector<std::vector<uint32_t>> strata, double validation_fraction, double test_fraction,
                uint64_t seed) {
  std::vector<int64_t> sizes;
  for (const std::vector<uint32_t>& rows : strata) sizes.push_back(static_cast<int64_t>(rows.size()));
  const std::vector<PartSizes> parts = Apportion(sizes, validation_fraction, test_fraction);
  Split split;
  for (size_t i = 0; i < strata.size(); ++i) {
    std::vector<uint32_t>& rows = strata[i];
    RandomStream(seed, RandomPurpose::kSplit, i).Shuffle(rows);
    const auto validation_end = rows.begin() + parts[i][kValidationPart];
    const auto test_end = validation_end + parts[i][kTestPart];
    split.validation.insert(split.validation.end(), rows.begin(), validation_end);
    split.test.insert(split.test.end(), validation_end, test_end);
    split.training.insert(split.training.end(), test_end, rows.end());
  }
  for (std::vector<uint32_t>* rows : {&split.training, &split.validation, &split.test})
    std::sort(rows->begin(), rows->end());
  return split;
}

absl::Status EmptyPart(std::string_view part) {
  return WithReason(absl::InvalidArgumentError(absl::StrCat("the ", std::string(part), " part gets no row")),
                    "EMPTY_PART");
}

absl::Status CheckParts(const Split& split, const SplitOptions& options) {
  if (split.training.empty()) return EmptyPart("training");
  if (options.validation_fraction.has_value() && split.validation.empty()) return EmptyPart("validation");
  if (options.test_fraction.has_value() && split.test.empty()) return EmptyPart("test");
  return absl::OkStatus();
}

absl::Status CheckClasses(const Dataset& dataset, int target, const std::vector<uint32_t>& training) {
  const Column& column = dataset.schema().columns[target];
  if (column.type != ColumnType::kCategorical) return absl::OkStatus();
  const uint32_t first = dataset.Code(training[0], target);
  const bool several =
      std::any_of(training.begin(), training.end(), [&](uint32_t row) { return dataset.Code(row, target) != first; });
  if (several) return absl::OkStatus();
  return WithReason(
      absl::InvalidArgumentError(absl::StrCat("the training part has one class of the target ", Quoted(column.name),
                                              ", ", Quoted(column.categories[first].value), "; it needs two or more")),
      "ONE_CLASS");
}

}  // namespace

absl::StatusOr<Split> MakeSplit(const Dataset& dataset, int target, const SplitOptions& options, uint64_t seed) {
  RETURN_IF_ERROR(CheckOptions(dataset, target, options));
  Split split;
  if (const std::optional<int> column = dataset.schema().Find(ColumnRole::kSplit)) {
    ASSIGN_OR_RETURN(split, SplitByColumn(dataset, target, *column));
  } else {
    const bool categorical = dataset.schema().columns[target].type == ColumnType::kCategorical;
    split = DrawSplit(Strata(dataset, target, options.stratified.value_or(categorical)),
                      options.validation_fraction.value_or(0), options.test_fraction.value_or(0), seed);
  }
  RETURN_IF_ERROR(CheckParts(split, options));
  RETURN_IF_ERROR(CheckClasses(dataset, target, split.training));
  return split;
}

}  // namespace trainyard
