#include "core/init/he_normal.h"

#include <cmath>

namespace trainyard {

absl::Status Validate(const HeNormalOptions& options) { return CheckPositive("gain", options.gain); }

void HeNormal::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FillNormal(options_.gain / std::sqrt(static_cast<double>(fans.fan_in)), random, values);
}

}  // namespace trainyard
