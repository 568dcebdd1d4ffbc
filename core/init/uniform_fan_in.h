// U(-r, r), r = scale / sqrt(fan_in)

#ifndef TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_
#define TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_

#include "core/init/initializer.h"

namespace trainyard {

struct UniformFanInOptions {
  double scale = 1;  // positive and finite

  friend bool operator==(const UniformFanInOptions&, const UniformFanInOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const UniformFanInOptions& options);

class UniformFanIn final : public Initializer {
 public:
  explicit UniformFanIn(const UniformFanInOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const UniformFanInOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_UNIFORM_FAN_IN_H_
