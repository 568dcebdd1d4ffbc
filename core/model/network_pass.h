// Forward and backward passes of a network over a block of rows, in memory allocated once, on the kernels.

#ifndef TRAINYARD_CORE_MODEL_NETWORK_PASS_H_
#define TRAINYARD_CORE_MODEL_NETWORK_PASS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/crew.h"
#include "core/base/matrix.h"
#include "core/base/objective.h"
#include "core/kernel/kernels.h"
#include "core/model/encoded_rows.h"
#include "core/model/network.h"

namespace trainyard {

// Long batches are cut in blocks of this many rows, added in order: part of the definition of every sum over examples.
inline constexpr int64_t kBlockRows = 256;

// A piece of one layer's gradient, small enough for the nearest cache: a run of memory. Of weights that lie by input, all of them.
struct GradientRange {
  size_t layer = 0;
  PanelRange range;
  int64_t begin = 0;  // in the flat vector
  int64_t size = 0;
};

// All of them, from the last layer to the first. Every sum over the gradient has a part for each, added in this order.
std::vector<GradientRange> GradientRanges(const ParameterLayout& layout);

// Not thread-safe. With a crew, which may be null and must outlive this, long products are split by columns, which does not change a bit.
template <typename Real>
class NetworkPass {
 public:
  // For blocks of at most `max_rows` rows. `layout`, in panels, must outlive this.
  NetworkPass(const ParameterLayout& layout, int64_t max_rows, Crew* crew = nullptr);

  // Bytes that such a pass takes.
  static int64_t MemoryBytes(const ParameterLayout& layout, int64_t max_rows);

  // x: [rows, inputs], to be filled before Forward.
  MatrixView<Real> inputs(int64_t rows) { return activation(0, rows); }

  // f: [rows, outputs]. Valid until the next Forward; Backward wants dL/df in its place.
  MatrixView<Real> Forward(std::span<const Real> theta, int64_t rows);

  // After Forward of the same rows at the same theta: dL/dz of every layer.
  void Backward(std::span<const Real> theta, int64_t rows);

  // A bound of the magnitude of every element of the gradient and of all its partial sums, after Backward; infinity where an activation or
  // a dL/dz is not finite. `input_bound`: of every input's magnitude.
  double GradientBound(int64_t rows, double input_bound);

  enum class Into { kEmpty, kSum };

  // After Backward: a range of the gradient by theta, written to `gradient` or added to it; meanwhile the range of what is touched next is
  // fetched. Only reads: ranges may be taken on several threads.
  void Gradient(const GradientRange& range, int64_t rows, Into into, std::span<Real> gradient,
                const Touched<Real>& touched = {}) const;

  // a_l after Forward: a_0 = x, ..., a_L = f.
  MatrixView<Real> activation(size_t layer, int64_t rows);

  // dL/dz_l after Backward, for l > 0, of all columns of W_l; where l is L, it lies where f was.
  MatrixView<Real> ColumnDelta(size_t layer, int64_t rows);

 private:
  // A matrix of max_rows rows.
  struct Block {
    MatrixView<Real> First(int64_t rows) { return {data.data(), rows, columns, stride}; }
    MatrixView<const Real> First(int64_t rows) const { return {data.data(), rows, columns, stride}; }

    AlignedVector<Real> data;
    int64_t columns = 0;
    int64_t stride = 0;
  };
  static Block MakeBlock(int64_t rows, int64_t columns, int64_t constant_columns);

  const Block& deltas_of(size_t layer) const;
  void ForwardLayer(size_t layer, std::span<const Real> theta, int64_t rows);
  void BackwardLayer(size_t layer, std::span<const Real> theta, int64_t rows);

  const ParameterLayout& layout_;
  Crew* const crew_;
  const Kernels<Real>& kernels_;
  std::vector<ActivationKernels<Real>> functions_;  // of each layer
  std::vector<Block> activations_;                  // a_l, beside it a column of ones
  std::vector<Block> deltas_;                    // dL/da_l, then dL/dz_l, of hidden layers; [0] and the last are empty
  std::vector<Block> pieces_;                    // of maxout layers: z, in whose place Backward puts dL/dz
  std::vector<AlignedVector<uint8_t>> winners_;  // of maxout layers: the pieces that won
  std::vector<AlignedVector<Real>> transposed_;  // W_l transposed, for l > 0
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_NETWORK_PASS_H_
