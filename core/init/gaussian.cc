#include "core/init/gaussian.h"

namespace trainyard {

absl::Status Validate(const GaussianOptions& options) { return CheckPositive("deviation", options.deviation); }

void Gaussian::Fill(const TensorFans&, const RandomStream& random, std::span<double> values) const {
  FillNormal(options_.deviation, random, values);
}

}  // namespace trainyard
