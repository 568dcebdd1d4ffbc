#include "core/init/initializer.h"

#include <cmath>

#include "core/base/status.h"

namespace trainyard {

void FillUniform(double bound, const RandomStream& random, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) values[i] = bound * (2 * random.Uniform(i) - 1);
}

void FillNormal(double deviation, const RandomStream& random, std::span<double> values) {
  for (size_t i = 0; i < values.size(); ++i) values[i] = deviation * random.Normal(i);
}

absl::Status CheckPositive(std::string_view field, double value) {
  if (value > 0 && std::isfinite(value)) return absl::OkStatus();
  return FieldError(field, value, "positive and finite");
}

}  // namespace trainyard
