// U(-r, r), r = 1/sqrt(fan_in).

#ifndef TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_
#define TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_

#include "core/init/initializer.h"

namespace trainyard {

struct UniformFanInOptions {
  friend bool operator==(const UniformFanInOptions&, const UniformFanInOptions&) = default;
};

class UniformFanIn final : public Initializer {
 public:
  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_
