// All 0. For the output layer: hidden units that start equal stay equal for ever.

#ifndef TRAINYARD_CORE_INIT_ZERO_WEIGHTS_H_
#define TRAINYARD_CORE_INIT_ZERO_WEIGHTS_H_

#include "core/init/initializer.h"

namespace trainyard {

struct ZeroWeightsOptions {
  friend bool operator==(const ZeroWeightsOptions&, const ZeroWeightsOptions&) = default;
};

class ZeroWeights final : public Initializer {
 public:
  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_ZERO_WEIGHTS_H_
