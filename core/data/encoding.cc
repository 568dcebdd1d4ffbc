#include "core/data/encoding.h"

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

int FeatureEncoding::width() const {
  if (type == ColumnType::kNumeric) return 1;
  const int listed = static_cast<int>(categories.size());
  return missing_category == listed ? listed + 1 : listed;
}

int64_t Encoding::input_count() const {
  int64_t count = 0;
  for (const FeatureEncoding& feature : features) count += feature.width();
  return count;
}

}  // namespace trainyard
