// All zero: for biases.

#ifndef TRAINYARD_CORE_INIT_ZERO_BIASES_H_
#define TRAINYARD_CORE_INIT_ZERO_BIASES_H_

#include "core/init/initializer.h"

namespace trainyard {

struct ZeroBiasesOptions {
  friend bool operator==(const ZeroBiasesOptions&, const ZeroBiasesOptions&) = default;
};

class ZeroBiases final : public Initializer {
 public:
  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_ZERO_BIASES_H_
