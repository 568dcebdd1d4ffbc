// Normalised initialisation: U(-r, r), r = gain sqrt(6 / (fan_in + fan_out)). Glorot and Bengio (2010), equation 16.

#ifndef TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_
#define TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_

#include "core/init/initializer.h"

namespace trainyard {

struct GlorotUniformOptions {
  double gain = 1;  // positive and finite

  friend bool operator==(const GlorotUniformOptions&, const GlorotUniformOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const GlorotUniformOptions& options);

class GlorotUniform final : public Initializer {
 public:
  explicit GlorotUniform(const GlorotUniformOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const GlorotUniformOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_GLOROT_UNIFORM_H_
