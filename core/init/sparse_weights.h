// Each unit has exactly k non-zero incoming weights, N(0, s^2), at places drawn without replacement: how much a unit is given does not
// grow with the width of the layer below. Martens (2010)

#ifndef TRAINYARD_CORE_INIT_SPARSE_WEIGHTS_H_
#define TRAINYARD_CORE_INIT_SPARSE_WEIGHTS_H_

#include "core/init/initializer.h"

namespace trainyard {

struct SparseWeightsOptions {
  int64_t nonzeros = 15;  // k, at least 1; all where a layer has fewer inputs
  double deviation = 1;   // s, positive and finite

  friend bool operator==(const SparseWeightsOptions&, const SparseWeightsOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const SparseWeightsOptions& options);

class SparseWeights final : public Initializer {
 public:
  explicit SparseWeights(const SparseWeightsOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const SparseWeightsOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_SPARSE_WEIGHTS_H_
