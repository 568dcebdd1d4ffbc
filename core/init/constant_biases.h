// All equal: a little above 0 keeps rectified units active at the start.

#ifndef TRAINYARD_CORE_INIT_CONSTANT_BIASES_H_
#define TRAINYARD_CORE_INIT_CONSTANT_BIASES_H_

#include "core/init/initializer.h"

namespace trainyard {

struct ConstantBiasesOptions {
  double value = 0.1;  // finite

  friend bool operator==(const ConstantBiasesOptions&, const ConstantBiasesOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const ConstantBiasesOptions& options);

class ConstantBiases final : public Initializer {
 public:
  explicit ConstantBiases(const ConstantBiasesOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const ConstantBiasesOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_CONSTANT_BIASES_H_
