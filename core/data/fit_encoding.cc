#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/encoding.h"

namespace trainyard {
namespace {

// Of one numeric column over the training part.
struct Moments {
  int64_t count = 0;  // of cells that are not missing
  double sum = 0;
  double minimum = std::numeric_limits<double>::infinity();
  double maximum = -std::numeric_limits<double>::infinity();
  double squares = 0;  // of the distances from the mean

  double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
  double deviation() const { return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count)); }
  bool constant() const { return count == 0 || minimum == maximum; }
};

// Of all columns of one kind; row by row, as the cells lie.
template <typename Cell>
std::vector<Moments> MomentsOf(MatrixView<const Cell> cells, std::span<const uint32_t> rows) {
  const size_t columns = static_cast<size_t>(cells.columns);
  std::vector<Moments> moments(columns);
  for (const uint32_t row : rows) {
    for (size_t j = 0; j < columns; ++j) {
      const double x = static_cast<double>(cells.row(row)[j]);
      if (std::isnan(x)) continue;
      ++moments[j].count;
      moments[j].sum += x;
      moments[j].minimum = std::min(moments[j].minimum, x);
      moments[j].maximum = std::max(moments[j].maximum, x);
    }
  }
  std::vector<double> means;
  for (const Moments& column : moments) means.push_back(column.mean());
  for (const uint32_t row : rows) {
    for (size_t j = 0; j < columns; ++j) {
      const double distance = static_cast<double>(cells.row(row)[j]) - means[j];
      if (!std::isnan(distance)) moments[j].squares += distance * distance;
    }
  }
  return moments;
}

class Fit {
 public:
  Fit(const Dataset& dataset, std::span<const uint32_t> rows, int target, const EncodingOptions& options,
      const std::optional<ClassWeightOptions>& class_weights)
      : dataset_(dataset), rows_(rows), target_(target), options_(options), class_weights_(class_weights) {}

  absl::StatusOr<FittedEncoding> Run() {
    RETURN_IF_ERROR(FitFeatures());
    FitTarget();
    RETURN_IF_ERROR(FitWeights());
    ASSIGN_OR_RETURN(const RowEncoder encoder,
                     RowEncoder::Bind(encoding_, dataset_, RowEncoder::Needs::kFeaturesAndTarget));
    RETURN_IF_ERROR(encoder.Check(rows_));
    std::vector<DataWarning> warnings;
    if (!empty_.empty())
      warnings.push_back(
          {"EMPTY_COLUMN", absl::StrCat("columns without a value in the training part: ", SomeOf(empty_))});
    if (!constant_.empty())
      warnings.push_back(
          {"CONSTANT_COLUMN", absl::StrCat("columns that are constant in the training part: ", SomeOf(constant_))});
    return FittedEncoding{std::move(encoding_), std::move(warnings)};
  }

 private:
  const Column& column(int i) const { return dataset_.schema().columns[i]; }

  absl::Status FitFeatures() {
    u8_ = MomentsOf(dataset_.u8(), rows_);
    f32_ = MomentsOf(dataset_.f32(), rows_);
    f64_ = MomentsOf(dataset_.f64(), rows_);
    for (int i = 0; i < static_cast<int>(dataset_.schema().columns.size()); ++i) {
      if (i == target_ || column(i).role != ColumnRole::kFeature || column(i).type == ColumnType::kIgnored) continue;
      FeatureEncoding feature;
      feature.column = column(i).name;
      feature.type = column(i).type;
      if (feature.type == ColumnType::kSparse) {
        feature.sparse_width = column(i).width;
        feature.unseen = options_.unseen;
      } else {
        RETURN_IF_ERROR(feature.type == ColumnType::kNumeric ? FitNumeric(i, &feature) : FitCategorical(i, &feature));
      }
      encoding_.features.push_back(std::move(feature));
    }
    if (encoding_.input_count() == 0) return BadData("no column is left as a feature");
    return absl::OkStatus();
  }

  const Moments& MomentsOfColumn(int i) const {
    const CellPlace place = dataset_.place(i);
    const std::vector<Moments>& kind = place.kind == CellKind::kU8 ? u8_ : place.kind == CellKind::kF32 ? f32_ : f64_;
    return kind[static_cast<size_t>(place.index)];
  }

  absl::Status FitNumeric(int i, FeatureEncoding* feature) {
    const Moments& moments = MomentsOfColumn(i);
    if (moments.count == 0) {
      empty_.push_back(feature->column);
    } else if (moments.constant()) {
      constant_.push_back(feature->column);
    }
    switch (options_.scaling) {
      case Scaling::kStandardize:
        feature->offset = moments.mean();
        feature->scale = moments.constant() ? 0 : 1 / moments.deviation();
        break;
      case Scaling::kMinMax:
        feature->offset = moments.count == 0 ? 0 : moments.minimum;
        feature->scale = moments.constant() ? 0 : 1 / (moments.maximum - moments.minimum);
        break;
      case Scaling::kNone:
        break;
    }
    feature->missing_value = MissingNumber(i, moments);
    const bool scalable =
        std::isfinite(feature->offset) && std::isfinite(feature->scale) && (feature->scale != 0 || moments.constant());
    if (scalable && std::isfinite(feature->missing_value.value_or(0))) return absl::OkStatus();
    return BadColumn(feature->column,
                     "its values are too large, or too close to each other, to be scaled in double precision");
  }

  std::optional<double> MissingNumber(int i, const Moments& moments) const {
    if (options_.missing_numeric == Missing::kRefuse) return std::nullopt;
    return options_.missing_numeric == Missing::kMean ? moments.mean() : MostFrequentNumber(i);
  }

  // Of equally frequent ones the smallest; 0 where there is none.
  double MostFrequentNumber(int i) const {
    std::vector<double> values;
    for (const uint32_t row : rows_) {
      const double x = dataset_.Number(row, i);
      if (!std::isnan(x)) values.push_back(x);
    }
    std::sort(values.begin(), values.end());
    double most_frequent = 0;
    std::ptrdiff_t most = 0;
    for (auto begin = values.begin(); begin != values.end();) {
      const auto end = std::upper_bound(begin, values.end(), *begin);
      if (end - begin > most) {
        most = end - begin;
        most_frequent = *begin;
      }
      begin = end;
    }
    return most_frequent;
  }

  // How often each category is in the training part; missing cells last.
  std::vector<int64_t> CategoryCounts(int i) const {
    std::vector<int64_t> counts(column(i).categories.size() + 1);
    for (const uint32_t row : rows_) ++counts[std::min<size_t>(dataset_.Code(row, i), counts.size() - 1)];
    return counts;
  }

  absl::Status FitCategorical(int i, FeatureEncoding* feature) {
    const std::vector<int64_t> counts = CategoryCounts(i);
    int64_t most = 0;
    for (size_t code = 0; code + 1 < counts.size(); ++code) {
      if (counts[code] == 0) continue;
      if (counts[code] > most && options_.missing_categorical == Missing::kMostFrequent) {
        most = counts[code];
        feature->missing_category = static_cast<int>(feature->categories.size());
      }
      feature->categories.push_back(column(i).categories[code].value);
    }
    if (options_.missing_categorical == Missing::kOwnCategory)
      feature->missing_category = static_cast<int>(feature->categories.size());
    feature->unseen = options_.unseen;
    if (feature->categories.empty()) {
      empty_.push_back(feature->column);
    } else if (feature->categories.size() == 1 && counts.back() == 0) {
      constant_.push_back(feature->column);
    }
    return absl::OkStatus();
  }

  void FitTarget() {
    encoding_.target = {.column = column(target_).name, .type = column(target_).type, .classes = {}};
    if (encoding_.target.type != ColumnType::kCategorical) return;
    std::vector<int64_t> class_counts;
    const std::vector<int64_t> counts = CategoryCounts(target_);
    for (size_t code = 0; code + 1 < counts.size(); ++code) {
      if (counts[code] == 0) continue;
      encoding_.target.classes.push_back(column(target_).categories[code].value);
      class_counts.push_back(counts[code]);
    }
    if (!class_weights_.has_value()) return;
    encoding_.target.class_weights = WeightsOf(*class_weights_, encoding_.target.classes, class_counts);
  }

  absl::Status FitWeights() {
    const std::optional<int> weight = dataset_.schema().Find(ColumnRole::kWeight);
    if (weight.has_value()) encoding_.weight_column = column(*weight).name;
    const bool by_class = !encoding_.target.class_weights.empty();
    if (!weight.has_value() && !by_class) return absl::OkStatus();
    const double sum = by_class ? SumOfWeights(weight) : MomentsOfColumn(*weight).sum;
    encoding_.weight_scale = static_cast<double>(rows_.size()) / sum;
    if (sum > 0 && std::isfinite(encoding_.weight_scale) && encoding_.weight_scale > 0) return absl::OkStatus();
    if (!weight.has_value())
      return FieldError("class_weights", absl::StrCat("weights that sum to ", sum), "neither so large nor so small");
    return BadColumn(encoding_.weight_column,
                     absl::StrCat("the weights of the training part sum to ", sum, "; they need a positive sum"));
  }

  // Of the products of the column's weights, where there is one, and the classes'. Cells that are refused do not count.
  double SumOfWeights(std::optional<int> weight) const {
    std::vector<double> by_code(column(target_).categories.size() + 1);
    size_t c = 0;
    for (size_t code = 0; code + 1 < by_code.size() && c < encoding_.target.classes.size(); ++code) {
      if (column(target_).categories[code].value == encoding_.target.classes[c]) {
        by_code[code] = encoding_.target.class_weights[c++];
      }
    }
    double sum = 0;
    for (const uint32_t row : rows_) {
      const double own = weight.has_value() ? dataset_.Number(row, *weight) : 1;
      if (!std::isnan(own)) sum += own * by_code[std::min<size_t>(dataset_.Code(row, target_), by_code.size() - 1)];
    }
    return sum;
  }

  const Dataset& dataset_;
  const std::span<const uint32_t> rows_;
  const int target_;
  const EncodingOptions options_;
  const std::optional<ClassWeightOptions> class_weights_;
  std::vector<Moments> u8_;
  std::vector<Moments> f32_;
  std::vector<Moments> f64_;
  Encoding encoding_;
  std::vector<std::string> empty_;
  std::vector<std::string> constant_;
};

}  // namespace

absl::StatusOr<FittedEncoding> FitEncoding(const Dataset& dataset, std::span<const uint32_t> rows, int target,
                                           const EncodingOptions& options,
                                           const std::optional<ClassWeightOptions>& class_weights) {
  RETURN_IF_ERROR(Validate(options));
  return Fit(dataset, rows, target, options, class_weights).Run();
}

}  // namespace trainyard
