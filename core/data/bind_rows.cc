#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/number.h"
#include "core/data/row_plan.h"

namespace trainyard {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRoundingUp = 1 + 1e-6;  // of cells, inputs and weights, to float

}  // namespace

absl::StatusOr<int> RowEncoder::Plan::FindColumn(const std::string& name, ColumnType wanted) const {
  const std::optional<int> found = dataset->FindColumn(name);
  if (!found.has_value()) return BadColumn(name, "the data set has no such column");
  const int column = *found;
  const ColumnType type = dataset->schema().columns[column].type;
  if (type == ColumnType::kIgnored) return BadColumn(name, "the data set ignores this column");
  if ((wanted == ColumnType::kSparse) != (type == ColumnType::kSparse)) {
    return BadColumn(name, wanted == ColumnType::kSparse
                               ? "the model wants a sparse column here, the data set's is not"
                               : "the data set has a sparse column here, the model wants none");
  }
  if (wanted == ColumnType::kCategorical && type == ColumnType::kNumeric) {
    return BadColumn(name, "the data set has numbers here, the model wants categories; declare the column categorical");
  }
  return column;
}

absl::StatusOr<RowEncoder::Plan::NumberColumn> RowEncoder::Plan::BindNumbers(const std::string& name) const {
  ASSIGN_OR_RETURN(const int index, FindColumn(name, ColumnType::kNumeric));
  NumberColumn bound{index, {}};
  const Column& column = dataset->schema().columns[index];
  if (column.type == ColumnType::kNumeric) return bound;
  for (const Category& category : column.categories) {
    double x;
    if (ParseNumber(category.value, &x) != NumberKind::kFinite) {
      return BadColumn(name,
                       absl::StrCat("the data set has ", Quoted(category.value), " here, the model wants numbers"));
    }
    bound.by_code.push_back(x);
  }
  bound.by_code.push_back(kNan);
  return bound;
}

absl::Status RowEncoder::Plan::BindFeature(const FeatureEncoding& feature) {
  const int64_t first_input = input_count;
  input_count += feature.width();
  if (feature.type == ColumnType::kCategorical) return BindCategorical(feature, first_input);
  if (feature.type == ColumnType::kSparse) return BindSparse(feature, first_input);
  offsets.Resize(static_cast<size_t>(input_count), feature.offset);
  scales.Resize(static_cast<size_t>(input_count), feature.scale);
  missing.resize(static_cast<size_t>(input_count), feature.missing_value.value_or(kNan));
  return BindNumeric(feature, first_input);
}

absl::Status RowEncoder::Plan::BindSparse(const FeatureEncoding& feature, int64_t first_input) {
  ASSIGN_OR_RETURN(const int column, FindColumn(feature.column, ColumnType::kSparse));
  const bool wider = dataset->schema().columns[column].width > feature.width();
  if (wider && feature.unseen == Unseen::kRefuse) {
    guarded.push_back({.column = column, .width = feature.width()});
  }
  sparse.push_back({column, first_input, feature.width()});
  input_bound = std::numeric_limits<double>::infinity();
  return absl::OkStatus();
}

RowEncoder::Plan::Range RowEncoder::Plan::RangeOf(const NumberColumn& source) const {
  const NumericStatistics& statistics = dataset->schema().columns[source.column].numeric;
  Range range{statistics.minimum, statistics.maximum};
  for (const double x : source.by_code) {
    if (!std::isnan(x)) range.Take(x);
  }
  return range;
}

void RowEncoder::Plan::BoundNumeric(const FeatureEncoding& feature, const NumberColumn& source) {
  Range range = RangeOf(source);
  if (feature.missing_value.has_value()) range.Take(*feature.missing_value);
  const double distance = std::max(std::abs(range.smallest - feature.offset), std::abs(range.largest - feature.offset));
  input_bound = std::max(input_bound, (distance + kRoundingUp - 1) * std::abs(feature.scale) * kRoundingUp);
}

absl::Status RowEncoder::Plan::BindNumeric(const FeatureEncoding& feature, int64_t input) {
  ASSIGN_OR_RETURN(NumberColumn source, BindNumbers(feature.column));
  BoundNumeric(feature, source);
  const CellPlace place = dataset->place(source.column);
  if (!feature.missing_value.has_value() && place.kind != CellKind::kU8)
    guarded.push_back({source.column, source, std::nullopt});
  if (place.kind == CellKind::kCode) {
    coded_numbers.push_back({std::move(source), input});
    return absl::OkStatus();
  }
  if (!runs.empty()) {
    NumericRun& last = runs.back();
    const bool follows = last.kind == place.kind && last.first_cell + last.count == place.index &&
                         last.first_input + last.count == input;
    if (follows) {
      ++last.count;
      return absl::OkStatus();
    }
  }
  runs.push_back({place.kind, place.index, input, 1});
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindCategorical(const FeatureEncoding& feature, int64_t first_input) {
  ASSIGN_OR_RETURN(const int column, FindColumn(feature.column, ColumnType::kCategorical));
  std::unordered_map<std::string_view, int32_t> inputs;
  for (size_t i = 0; i < feature.categories.size(); ++i) inputs.emplace(feature.categories[i], static_cast<int32_t>(i));
  OneHot one_hot{column, first_input, feature.width(), {}};
  for (const Category& category : dataset->schema().columns[column].categories) {
    const auto found = inputs.find(category.value);
    one_hot.inputs.push_back(found != inputs.end()               ? found->second
                             : feature.unseen == Unseen::kRefuse ? kRefused
                                                                 : kAllZero);
  }
  one_hot.inputs.push_back(feature.missing_category.value_or(kRefused));
  const bool refuses = std::find(one_hot.inputs.begin(), one_hot.inputs.end(), kRefused) != one_hot.inputs.end();
  if (refuses) guarded.push_back({column, std::nullopt, one_hots.size()});
  one_hots.push_back(std::move(one_hot));
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindTarget(const TargetEncoding& target) {
  if (target.type == ColumnType::kNumeric) {
    ASSIGN_OR_RETURN(numbers, BindNumbers(target.column));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const int column, FindColumn(target.column, ColumnType::kCategorical));
  std::unordered_map<std::string_view, int32_t> index;
  for (size_t i = 0; i < target.classes.size(); ++i) index.emplace(target.classes[i], static_cast<int32_t>(i));
  classes = ClassColumn{column, {}};
  for (const Category& category : dataset->schema().columns[column].categories) {
    const auto found = index.find(category.value);
    classes->classes.push_back(found != index.end() ? found->second : kRefused);
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindWeights(const Encoding& encoding) {
  class_weights = encoding.target.class_weights;
  if (!encoding.weight_column.empty() || !class_weights.empty()) weight_scale = encoding.weight_scale;
  if (!encoding.weight_column.empty()) {
    ASSIGN_OR_RETURN(weights, BindNumbers(encoding.weight_column));
  }
  const double of_column = weights.has_value() ? RangeOf(*weights).largest : 1;
  const double of_class = class_weights.empty() ? 1 : *std::max_element(class_weights.begin(), class_weights.end());
  weight_bound = of_column * of_class * weight_scale * kRoundingUp;
  return absl::OkStatus();
}

absl::StatusOr<RowEncoder> RowEncoder::Bind(const Encoding& encoding, const Dataset& dataset, Needs needs) {
  auto plan = std::make_shared<Plan>();
  plan->dataset = &dataset;
  for (const FeatureEncoding& feature : encoding.features) RETURN_IF_ERROR(plan->BindFeature(feature));
  plan->has_sparse_inputs = HasSparseInputs(encoding);
  if (needs == Needs::kFeaturesAndTarget) {
    RETURN_IF_ERROR(plan->BindTarget(encoding.target));
    RETURN_IF_ERROR(plan->BindWeights(encoding));
  }
  return RowEncoder(std::move(plan));
}

}  // namespace trainyard
