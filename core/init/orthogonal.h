// gain Q, Q uniform among the matrices with orthonormal rows or columns, whichever are fewer. Saxe et al. (2013)
//
// G = Q R of a Gaussian matrix G; Q is uniform (of the Haar measure) once the signs of R's diagonal are made positive. Mezzadri (2007)

#ifndef TRAINYARD_CORE_INIT_ORTHOGONAL_H_
#define TRAINYARD_CORE_INIT_ORTHOGONAL_H_

#include "core/init/initializer.h"

namespace trainyard {

struct OrthogonalOptions {
  double gain = 1;  // positive and finite

  friend bool operator==(const OrthogonalOptions&, const OrthogonalOptions&) = default;
};

// INVALID_ARGUMENT: an option out of range.
absl::Status Validate(const OrthogonalOptions& options);

class Orthogonal final : public Initializer {
 public:
  explicit Orthogonal(const OrthogonalOptions& options) : options_(options) {}

  void Fill(const TensorFans& fans, const RandomStream& random, std::span<double> values) const override;

 private:
  const OrthogonalOptions options_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_INIT_ORTHOGONAL_H_
