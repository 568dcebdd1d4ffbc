// N(0, s^2), s = gain / sqrt(fan_in): with the gain of rectified units, sqrt(2), they keep the variance of what they are given.
// He et al. (2015)

#ifndef TRAINYARD_CORE_INIT_HE_NORMAL_H_
#define TRAINYARD_CORE_INIT_HE_NORMAL_H_

#include <numbers>

#include "core/init/initializer.h"

namespace trainyard {

struct HeNormalOptions {
  double gain = std::numbers::sqrt2;  // positive and finite

  friend bool operator==(const HeNormalOptions&, const HeNormalOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const HeNormalOptions& options);

class HeNormal final : public Initializer {
 public:
  explicit HeNormal(const HeNormalOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const HeNormalOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_HE_NORMAL_H_
