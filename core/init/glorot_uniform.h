// Normalised initialisation: U(-r, r), r = sqrt(6 / (fan_in + fan_out)). Glorot and Bengio (2010), equation 16.

#ifndef TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_
#define TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_

#include "core/init/initializer.h"

namespace trainyard {

struct GlorotUniformOptions {
  friend bool operator==(const GlorotUniformOptions&, const GlorotUniformOptions&) = default;
};

class GlorotUniform final : public Initializer {
 public:
  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_
