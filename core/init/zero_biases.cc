#include "core/init/zero_biases.h"

#include <algorithm>

namespace trainyard {

void ZeroBiases::Fill(const TensorFans&, const RandomStream&, std::span<double> values) const {
  std::fill(values.begin(), values.end(), 0.0);
}

}  // namespace trainyard
