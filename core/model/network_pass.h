// Forward and backward passes of a network over a block of rows, in memory allocated once.

#ifndef TRAINYARD_CORE_MODEL_NETWORK_PASS_H_
#define TRAINYARD_CORE_MODEL_NETWORK_PASS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/matrix.h"
#include "core/model/network.h"

namespace trainyard {

// Long batches are cut in blocks of this many rows, added in order: part of the definition of every sum over examples.
inline constexpr int64_t kBlockRows = 256;

// Not thread-safe.
template <typename Real>
class NetworkPass {
 public:
  // For blocks of at most `max_rows` rows. `layout` must outlive this.
  NetworkPass(const ParameterLayout& layout, int64_t max_rows);

  // Bytes that such a pass takes.
  static int64_t MemoryBytes(const ParameterLayout& layout, int64_t max_rows);

  // x: [rows, inputs], to be filled before Forward.
  MatrixView<Real> inputs(int64_t rows) { return activation(0, rows); }

  // f: [rows, outputs]. Valid until the next Forward; Backward wants dL/df in its place.
  MatrixView<Real> Forward(std::span<const Real> theta, int64_t rows);

  enum class Into { kEmpty, kSum };

  // After Forward of the same rows at the same theta: the gradient by theta, written into or added to `gradient`.
  void Backward(std::span<const Real> theta, int64_t rows, Into into, std::span<Real> gradient);

  // a_l after Forward, row-major: a_0 = x, ..., a_L = f.
  MatrixView<Real> activation(size_t layer, int64_t rows);

  // dL/dz_l after Backward, for l > 0, of all columns of W_l; where l is L, it lies where f was.
  MatrixView<Real> ColumnDelta(size_t layer, int64_t rows);

 private:
  MatrixView<Real> delta(size_t layer, int64_t rows);

  // Of maxout layers: z, in whose place Backward puts dL/dz; and the pieces that won.
  MatrixView<Real> pieces(size_t layer, int64_t rows);
  MatrixView<uint8_t> winners(size_t layer, int64_t rows);

  const ParameterLayout& layout_;
  std::vector<AlignedVector<Real>> activations_;
  std::vector<AlignedVector<Real>> deltas_;      // of hidden layers; index as activations_, [0] and the last empty
  std::vector<AlignedVector<Real>> pieces_;      // of maxout layers, the others empty; index as activations_
  std::vector<AlignedVector<uint8_t>> winners_;  // as pieces_
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_NETWORK_PASS_H_
