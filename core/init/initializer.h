// Where parameters start. Values are drawn by logical index, so they do not depend on how parameters lie in memory.

#ifndef TRAINYARD_CORE_INIT_INITIALIZER_H_
#define TRAINYARD_CORE_INIT_INITIALIZER_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/random.h"

namespace trainyard {

// A weight is [fan_in, fan_out] in row-major order; a bias is [fan_out].
struct TensorFans {
  int64_t fan_in = 0;
  int64_t fan_out = 0;
};

class Initializer {
 public:
  virtual ~Initializer() = default;

  // Fills one tensor. `random` is the tensor's own stream.
  virtual void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const = 0;
};

// values[i] ~ U(-bound, bound)
void FillUniform(double bound, const RandomStream& random, std::span<double> values);

// values[i] ~ N(0, deviation^2)
void FillNormal(double deviation, const RandomStream& random, std::span<double> values);

// INVALID_ARGUMENT: a FieldError where `value` is not positive and finite.
absl::Status CheckPositive(std::string_view field, double value);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_INITIALIZER_H_
