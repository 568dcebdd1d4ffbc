#include "core/init/uniform_fan_in.h"

#include <cmath>

namespace trainyard {

void UniformFanIn::Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const {
  FillUniform(1 / std::sqrt(static_cast<double>(fans.fan_in)), random, values);
}

}  // namespace trainyard
