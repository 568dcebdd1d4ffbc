#include "core/init/glorot_normal.h"

#include <cmath>

namespace trainyard {

absl::Status Validate(const GlorotNormalOptions& options) { return CheckPositive("gain", options.gain); }

void GlorotNormal::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FillNormal(options_.gain * std::sqrt(2 / static_cast<double>(fans.fan_in + fans.fan_out)), random, values);
}

}  // namespace trainyard
