// Normalised initialisation: N(0, s^2), s = gain sqrt(2 / (fan_in + fan_out)). Glorot and Bengio (2010), equation 12.

#ifndef TRAINYARD_CORE_INIT_GLOROT_NORMAL_H_
#define TRAINYARD_CORE_INIT_GLOROT_NORMAL_H_

#include "core/init/initializer.h"

namespace trainyard {

struct GlorotNormalOptions {
  double gain = 1;  // positive and finite

  friend bool operator==(const GlorotNormalOptions&, const GlorotNormalOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const GlorotNormalOptions& options);

class GlorotNormal final : public Initializer {
 public:
  explicit GlorotNormal(const GlorotNormalOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const GlorotNormalOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_GLOROT_NORMAL_H_
