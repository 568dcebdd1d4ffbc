#include "core/data/encoding.h"

#include <algorithm>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const EncodingOptions& options) {
  if (options.missing_numeric == Missing::kOwnCategory) {
    return FieldError("missing_numeric", std::string_view("own_category"), "mean, most_frequent or refuse");
  }
  if (options.missing_categorical == Missing::kMean) {
    return FieldError("missing_categorical", std::string_view("mean"), "most_frequent, own_category or refuse");
  }
  return absl::OkStatus();
}

int64_t FeatureEncoding::width() const {
  if (type == ColumnType::kNumeric) return 1;
  if (type == ColumnType::kSparse) return sparse_width;
  const int64_t listed = static_cast<int64_t>(categories.size());
  return missing_category == listed ? listed + 1 : listed;
}

int64_t FewestSparseInputs(int64_t dense_columns) {
  constexpr int64_t kFewestInputs = 512;
  constexpr int64_t kInputsPerColumn = 8;
  return std::max(kFewestInputs, kInputsPerColumn * dense_columns);
}

bool HasSparseInputs(int64_t input_count, int64_t dense_columns) {
  return input_count >= FewestSparseInputs(dense_columns);
}

int64_t DenseColumns(const Encoding& encoding) {
  return std::count_if(encoding.features.begin(), encoding.features.end(),
                       [](const FeatureEncoding& feature) { return feature.type != ColumnType::kSparse; });
}

bool HasSparseInputs(const Encoding& encoding) {
  return HasSparseInputs(encoding.input_count(), DenseColumns(encoding));
}

int64_t Encoding::input_count() const {
  int64_t count = 0;
  for (const FeatureEncoding& feature : features) count += feature.width();
  return count;
}

}  // namespace trainyard
