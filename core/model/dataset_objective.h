// The mean loss of a network over one minibatch of a data set, as an Objective.
//
//   value = (1/m) sum_i w_i L(f(x_i; theta), y_i)        the gradient is that of the value and the penalty

#ifndef TRAINYARD_CORE_MODEL_DATASET_OBJECTIVE_H_
#define TRAINYARD_CORE_MODEL_DATASET_OBJECTIVE_H_

#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/aligned_vector.h"
#include "core/base/objective.h"
#include "core/data/encoding.h"
#include "core/loss/loss.h"
#include "core/model/encoded_rows.h"
#include "core/model/example_block.h"
#include "core/model/network_pass.h"
#include "core/model/output_pass.h"
#include "core/model/packed_rows.h"
#include "core/model/sparse_pass.h"
#include "core/optim/clipping.h"
#include "core/optim/regularization.h"

namespace trainyard {

// The gradient of one block of rows comes range by range, each as soon as it is computed, where nothing must be known of the whole before any of
// it is used: no clipping, no penalty, and activations and dL/dz so small that no element can be other than finite. Else it is stored
// first. Both ways give the same bits.
//
// Not thread-safe. Where the layout takes sparse steps, the inputs are encoded sparsely; the gradient is then sparse as well where MayStepLazily says so.
template <typename Real>
class DatasetObjective final : public Objective<Real> {
 public:
  // All but the options must outlive this. `encoder` knows the target. A crew, which may be null, shares the work on dense layers; the bits
  // are the same.
  DatasetObjective(const ParameterLayout& layout, const Loss<Real>& loss, const RowEncoder& encoder,
                   ColumnType target_type, const RegularizationOptions& regularization = {},
                   const ClippingOptions& clipping = {}, Crew* crew = nullptr);

  // The examples of the next evaluations, summed in this order; at least one. They must live as long as these evaluations. `following`:
  // those of the minibatches after it, the next first, so far as they are known: memory that they are in is asked for.
  void SetMinibatch(std::span<const uint32_t> rows, std::span<const uint32_t> following = {});

  // Keeps the rows as minibatches of one example read them best, where the data set allows it and they are not too many.
  void PackRows();

  int64_t dimension() const override { return layout_.flat_size(); }
  double Value(std::span<const Real> point) override;
  absl::Status Gradient(std::span<const Real> point, absl::FunctionRef<void(const GradientView<Real>&)> use) override;
  std::optional<Support> NextSupport() override;
  absl::Status GradientAtSupport(const SupportPoint<Real>& point,
                                 absl::FunctionRef<void(const SparseGradient<Real>&)> use) override;
  void TellSquaredWeights(double squares) override { told_squares_ = squares; }

  // At least the magnitude of every element of the point of the next Gradient; unless told, for each minibatch anew, infinity. Below
  // safe_point_bound a step need not look at its numbers to know that none is too large; infinity: it makes no difference.
  void TellPointBound(double bound) { point_bound_ = bound; }
  double safe_point_bound() const {
    return safe_point_bound_ > 0 ? safe_point_bound_ : std::numeric_limits<double>::infinity();
  }

  // Of the last Gradient that did not answer UNAVAILABLE: the loss, the penalty, the 2-norm of their gradient, and how it was clipped.
  double loss() const { return loss_; }
  double penalty() const { return penalty_; }
  double gradient_norm() const { return gradient_norm_; }

  // At least the magnitude of every element of the gradient that `use` is given; known before it is.
  double gradient_bound() const { return gradient_bound_; }

  const Clipper& clipper() const { return clipper_; }

  // The first tensor of the layout whose gradient is not finite; empty where none was taken, or all are.
  std::string NotFiniteTensor() const;

 private:
  // The rows of the next part of the minibatch.
  std::span<const uint32_t> NextBlock() const;
  void EncodeSparseBlock();

  // Adds the loss and the gradient of the next part. `Point`: all of it, or a SupportPoint.
  void AddBlock(std::span<const Real> point);
  template <typename Point>
  void AddSparseBlock(const Point& point);

  // After a part: UNAVAILABLE where another one follows; else the loss is known.
  absl::Status EndBlock();

  double BoundGradient(int64_t rows);

  // What follows the last part: penalty, norm, clipping, and the view.
  absl::Status UseStreamed(int64_t rows, absl::FunctionRef<void(const GradientView<Real>&)> use);
  absl::Status UseDense(std::span<const Real> point, absl::FunctionRef<void(const GradientView<Real>&)> use);
  absl::Status UseSparse(std::span<const Real> point, absl::FunctionRef<void(const SparseGradient<Real>&)> use);
  void AddPenalty(std::span<const Real> point);

  // The penalty of all weights; the square of the 2-norm of `gradient` and that of the penalty. Where |W|^2 is told, the weights that the
  // minibatch does not reach are known to rounding: a norm below about 1e-8 l2 |W| is noise; else `point` is all of it.
  double AddPenalty(const SparseGradient<Real>& gradient, std::span<const Real> point);
  std::string NotFiniteSparseTensor() const;
  void StoreGradient(int64_t rows);

  // visit(index of a range, member of the crew) for each of the gradient's ranges, several at once where the work of `rows` rows is worth it;
  // 0 rows: where the ranges are only passed through.
  void ForEachRange(int64_t rows, absl::FunctionRef<void(size_t, int)> visit);
  double SumOfSquares() const { return std::accumulate(range_squares_.begin(), range_squares_.end(), 0.0); }
  void VisitRange(const GradientRange& range, std::span<const Real> values, bool fetched,
                  absl::FunctionRef<void(const GradientBlock<Real>&)> visit) const;

  const ParameterLayout& layout_;
  const Kernels<Real>& kernels_;
  const Loss<Real>& loss_function_;
  const RowEncoder& encoder_;
  std::optional<NetworkPass<Real>> pass_;      // either this
  std::optional<SparsePass<Real>> sparse_;     // or this
  std::optional<PackedRows<Real>> packed_;     // beside sparse_
  std::optional<EncodedRows<Real>> examples_;  // beside pass_
  OutputPass<Real> outputs_;
  TargetBlock targets_;
  Crew* const crew_;
  std::vector<GradientRange> ranges_;
  std::vector<double> range_squares_;                   // the squared norm of each
  std::vector<AlignedVector<Real>> range_values_;       // of the range that each member of the crew is at
  AlignedVector<Real> gradient_;                        // empty where the gradient is sparse, or was never stored
  std::vector<std::span<const Real>> layer_gradients_;  // of each layer, in gradient_
  const RegularizationOptions regularization_;
  Clipper clipper_;
  bool streams_ = false;         // a minibatch of one block, as far as the options go
  double safe_point_bound_ = 0;  // 0: there is none

  std::span<const uint32_t> rows_;
  std::span<const uint32_t> following_;  // of the minibatches after it
  size_t rows_done_ = 0;                 // of the gradient being summed
  bool block_encoded_ = false;
  Targets sparse_targets_;  // of the block that is encoded
  std::optional<double> told_squares_;
  double point_bound_ = std::numeric_limits<double>::infinity();
  double loss_sum_ = 0;
  double loss_ = 0;
  double penalty_ = 0;
  double gradient_norm_ = 0;
  double gradient_bound_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_DATASET_OBJECTIVE_H_
