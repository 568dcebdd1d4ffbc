// U(-r, r)

#ifndef TRAINYARD_CORE_INIT_UNIFORM_WEIGHTS_H_
#define TRAINYARD_CORE_INIT_UNIFORM_WEIGHTS_H_

#include "core/init/initializer.h"

namespace trainyard {

struct UniformWeightsOptions {
  double bound = 0.1;  // r, positive and finite

  friend bool operator==(const UniformWeightsOptions&, const UniformWeightsOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const UniformWeightsOptions& options);

class UniformWeights final : public Initializer {
 public:
  explicit UniformWeights(const UniformWeightsOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const UniformWeightsOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_UNIFORM_WEIGHTS_H_
