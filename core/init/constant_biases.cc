#include "core/init/constant_biases.h"

#include <algorithm>
#include <cmath>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const ConstantBiasesOptions& options) {
  return std::isfinite(options.value) ? absl::OkStatus() : FieldError("value", options.value, "finite");
}

void ConstantBiases::Fill(const TensorFans&, const RandomStream&, std::span<double> values) const {
  std::fill(values.begin(), values.end(), options_.value);
}

}  // namespace trainyard
