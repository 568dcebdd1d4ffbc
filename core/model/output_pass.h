// The outputs of a network for rows of a data set: by dense passes, or, for a linear model of sparse inputs, at the cost of the inputs that
// are not 0.

#ifndef TRAINYARD_CORE_MODEL_OUTPUT_PASS_H_
#define TRAINYARD_CORE_MODEL_OUTPUT_PASS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/aligned_vector.h"
#include "core/base/matrix.h"
#include "core/data/encoding.h"
#include "core/model/network.h"
#include "core/model/network_pass.h"

namespace trainyard {

// Not thread-safe.
template <typename Real>
class OutputPass {
 public:
  // `layout` must outlive this.
  explicit OutputPass(const ParameterLayout& layout) : layout_(layout) {}

  // f of at most kBlockRows rows: [rows, outputs]. Valid until the next call.
  MatrixView<Real> Forward(std::span<const Real> theta, const RowEncoder& encoder, std::span<const uint32_t> rows);

 private:
  MatrixView<Real> ForwardSparse(std::span<const Real> theta, int64_t rows);

  const ParameterLayout& layout_;
  std::optional<NetworkPass<Real>> dense_;  // made at first use
  SparseRows<Real> inputs_;
  AlignedVector<Real> outputs_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_OUTPUT_PASS_H_
