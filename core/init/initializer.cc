#include "core/init/initializer.h"

namespace trainyard {

void FillUniform(double bound, const RandomStream& random, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) values[i] = bound * (2 * random.Uniform(i) - 1);
}

}  // namespace trainyard
