#include "core/init/uniform_fan_in.h"

#include <cmath>

namespace trainyard {

absl::Status Validate(const UniformFanInOptions& options) { return CheckPositive("scale", options.scale); }

void UniformFanIn::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FillUniform(options_.scale / std::sqrt(static_cast<double>(fans.fan_in)), random, values);
}

}  // namespace trainyard
