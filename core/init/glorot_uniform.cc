#include "core/init/glorot_uniform.h"

#include <cmath>

namespace trainyard {

absl::Status Validate(const GlorotUniformOptions& options) { return CheckPositive("gain", options.gain); }

void GlorotUniform::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FillUniform(options_.gain * std::sqrt(6 / static_cast<double>(fans.fan_in + fans.fan_out)), random, values);
}

}  // namespace trainyard
