#include "core/init/sparse_weights.h"

#include <algorithm>

#include "core/base/status.h"

namespace trainyard {

absl::Status Validate(const SparseWeightsOptions& options) {
  if (options.nonzeros < 1) return FieldError("nonzeros", options.nonzeros, "at least 1");
  return CheckPositive("deviation", options.deviation);
}

void SparseWeights::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  const uint64_t inputs = static_cast<uint64_t>(fans.fan_in);
  const uint64_t units = static_cast<uint64_t>(fans.fan_out);
  const uint64_t count = std::min(inputs, static_cast<uint64_t>(options_.nonzeros));
  // Numbers below these are for the values.
  uint64_t next = 2 * values.size();
  std::fill(values.begin(), values.end(), 0.0);
  for (uint64_t unit = 0; unit < units; ++unit) {
    // Floyd's choice of `count` inputs: each set is as likely as any other.
    for (uint64_t last = inputs - count; last < inputs; ++last) {
      const uint64_t drawn = random.Below(last + 1, next++) * units + unit;
      const uint64_t place = values[drawn] == 0 ? drawn : last * units + unit;
      values[place] = options_.deviation * random.Normal(place);
    }
  }
}

}  // namespace trainyard
