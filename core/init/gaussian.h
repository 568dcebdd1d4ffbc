// N(0, s^2)

#ifndef TRAINYARD_CORE_INIT_GAUSSIAN_H_
#define TRAINYARD_CORE_INIT_GAUSSIAN_H_

#include "core/init/initializer.h"

namespace trainyard {

struct GaussianOptions {
  double deviation = 0.01;  // s, positive and finite

  friend bool operator==(const GaussianOptions&, const GaussianOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const GaussianOptions& options);

class Gaussian final : public Initializer {
 public:
  explicit Gaussian(const GaussianOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const GaussianOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_GAUSSIAN_H_
