// Outputs and gradient of a linear model over a minibatch of sparse inputs, at the cost of the inputs that are not 0.
//
// The weights that the minibatch reads lie together, gathered once, here or by the optimiser; the gradient is summed beside them.

#ifndef TRAINYARD_CORE_MODEL_SPARSE_PASS_H_
#define TRAINYARD_CORE_MODEL_SPARSE_PASS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/matrix.h"
#include "core/base/objective.h"
#include "core/data/encoding.h"
#include "core/kernel/kernels.h"
#include "core/model/network.h"

namespace trainyard {

// Not thread-safe. Allocates only where a minibatch reads more than any before.
template <typename Real>
class SparsePass {
 public:
  // `layout` has one layer and must outlive this.
  explicit SparsePass(const ParameterLayout& layout);

  // Forgets the minibatch before.
  void Begin();

  // Takes the next part of the minibatch; only the last may have fewer rows than those before it.
  void Encode(const RowEncoder& encoder, std::span<const uint32_t> rows);

  // The same of the one row of a minibatch with one output. Its inputs are distinct: nothing must be looked up to sum their gradients.
  void Take(const SparseRow<Real>& row) {
    known_ = 0;
    row_ = row;
    is_stored_ = true;
  }
  Support support() const { return {.inputs = inputs(), .known = known_}; }

  // f of the part, [rows, outputs], at a point that must live as long as its weights are asked for; Backward wants dL/df in its place, and
  // adds the part's gradient.
  MatrixView<Real> Forward(const SupportPoint<Real>& point);
  void Backward();

  // The same at a point that is all there.
  MatrixView<Real> Forward(std::span<const Real> point);

  // Of all parts since Begin: inputs in the order of their first appearance. No pending terms.
  SparseGradient<Real> gradient() const;

  // Its 2-norm, biases among them. Of one row and one output: |c| sqrt(1 + |x|^2), without the rounding of its elements.
  double NormOfGradient() const;

  // The point of Forward at `inputs` of the gradient, as it is laid out. `point`: all of it, if it was all there; else empty.
  std::span<const Real> WeightsAt(std::span<const Real> point);

  // Sum of the squares of the weights of all other inputs, at the cost of all.
  double SquaresOfOthers(std::span<const Real> point) const;

 private:
  void Gather(std::span<const Real> point);
  std::span<const uint32_t> inputs() const { return is_stored_ ? row_.inputs : inputs_; }

  const ParameterLayout& layout_;
  const Kernels<Real>& kernels_ = BestKernels<Real>();
  const int64_t units_;
  std::vector<uint32_t> slots_;  // by input: its place in inputs_, plus 1; 0 where it has none
  std::vector<uint32_t> inputs_;
  std::span<const Real> weights_;  // of the point, [inputs, units]
  std::vector<Real> gathered_;     // weights of a point that is all there
  std::vector<Real> gradient_;     // [inputs, units]
  std::vector<Real> biases_;       // their gradient
  bool begun_ = false;             // a part of the minibatch is there
  // The minibatch is one row with one output, and its inputs need not be copied: row_ in place of inputs_.
  bool is_stored_ = false;
  SparseRow<Real> row_;
  std::vector<Real> row_values_;  // of row_, where the data set has them in another precision
  size_t known_ = 0;              // inputs whose weights are gathered
  SparseRows<Real> part_;         // its inputs are slots
  std::vector<Real> outputs_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_SPARSE_PASS_H_
