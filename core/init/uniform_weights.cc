#include "core/init/uniform_weights.h"

namespace trainyard {

absl::Status Validate(const UniformWeightsOptions& options) { return CheckPositive("bound", options.bound); }

void UniformWeights::Fill(const TensorFans&, const RandomStream& random, std::span<double> values) const {
  FillUniform(options_.bound, random, values);
}

}  // namespace trainyard
