#include "core/init/zero_weights.h"

#include <algorithm>

namespace trainyard {

void ZeroWeights::Fill(const TensorFans&, const RandomStream&, std::span<double> values) const {
  std::fill(values.begin(), values.end(), 0.0);
}

}  // namespace trainyard
