// The function that an optimiser minimises, as the optimiser sees it: theta -> the mean loss over one minibatch.
//
// An optimiser asks for the gradient at the point of its choice and receives a *view*: what the gradient is, and what is still to be
// applied to it. It applies everything in one pass over the parameters:
//
//   g_j = clip(scale * (d_j + l2 * p_j + l1 * sign(p_j)), limit)      d: gradient of the data's mean loss, p: the point, sign(0) = 0
//   theta_j <- theta_j - eps_k * decay * theta_j                      decoupled from the gradient, before theta_j moves
//
// A view is dense (it comes in blocks, each as soon as it is known, so that a block is used while it is in the cache, perhaps several at once) or sparse (the weights
// of those inputs that the minibatch has, so that a step costs its non-zeros).

#ifndef TRAINYARD_CORE_BASE_OBJECTIVE_H_
#define TRAINYARD_CORE_BASE_OBJECTIVE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <variant>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace trainyard {

// What is still to be applied to d.
struct Pending {
  double scale = 1;                                        // of clipping by norm; 1 where nothing is clipped
  double limit = std::numeric_limits<double>::infinity();  // of an element's magnitude, of clipping by value
  double l2 = 0;                                           // 0 for biases, as those that follow
  double l1 = 0;
  double decay = 0;

  friend bool operator==(const Pending&, const Pending&) = default;
};

// Elements [begin, begin + values.size()) of d, weights or biases; both where nothing tells them apart.
template <typename Real>
struct GradientBlock {
  int64_t begin;
  std::span<const Real> values;
  Pending pending;
  bool fetched = false;  // whether the arrays that the visit touches are near; else it had better fetch ahead
};

// Arrays of all parameters whose elements at a block's place are read or written when it is visited, null where there are fewer: they are
// fetched while the block is computed.
template <typename Real>
using Touched = std::array<const Real*, 3>;

template <typename Real>
class DenseGradient {
 public:
  using Visit = absl::FunctionRef<void(const GradientBlock<Real>&)>;
  using Walk = absl::FunctionRef<void(Visit visit, const Touched<Real>& touched)>;

  explicit DenseGradient(Walk walk) : walk_(walk) {}

  // Calls `visit` once for each block, on several threads where there is a crew; blocks are disjoint and cover all parameters. To be walked once.
  void operator()(Visit visit, const Touched<Real>& touched = {}) const { walk_(visit, touched); }

 private:
  Walk walk_;
};

// Of a linear model, whose weight (input, unit) is parameter input * units + unit:
//   d[inputs[k] * units + u] = values[k * units + u],   d[bias_begin + u] = biases[u],   0 elsewhere
// The penalty is of all weights, though, those of other inputs among them.
template <typename Real>
struct SparseGradient {
  int64_t units = 1;
  std::span<const uint32_t> inputs;  // each once
  std::span<const Real> values;      // [inputs, units]
  int64_t bias_begin = 0;            // behind all weights
  std::span<const Real> biases;      // [units]
  Pending pending;                   // of weights
  Pending bias_pending;
};

template <typename Real>
using GradientView = std::variant<DenseGradient<Real>, SparseGradient<Real>>;

// The inputs whose weights a sparse minibatch reads. A long minibatch has several parts, each of which may add some.
struct Support {
  std::span<const uint32_t>
      inputs;        // of the parts up to the next one, each once, in the order of their first appearance
  size_t known = 0;  // so many of them, the first, are of parts that are done

  // Those of the minibatch after it, so far as they are known and near: their weights had better be fetched.
  std::span<const uint32_t> following;
};

// A point, as far as a sparse minibatch reads it: what lies side by side, or all parameters.
template <typename Real>
struct SupportPoint {
  std::span<const Real> weights;  // [inputs of the support, units]
  std::span<const Real> biases;   // [units]
  std::span<const Real> all = {};
};

template <typename Real>
class Objective {
 public:
  virtual ~Objective() = default;

  // Number of parameters.
  virtual int64_t dimension() const = 0;

  // The mean loss at `point`, without penalty.
  virtual double Value(std::span<const Real> point) = 0;

  // Evaluates loss and gradient at `point` and hands the view to `use`, which may move the very array that `point` shows: the objective
  // is done with it, but for the pending terms, which the optimiser computes from the point that it chose.
  // OUT_OF_RANGE: the loss or the gradient is not finite; `use` was not called. UNAVAILABLE: only a part of a long minibatch is done; the
  // next call, at the same point, goes on. So a long evaluation can be left and taken up again between two of its parts.
  virtual absl::Status Gradient(std::span<const Real> point,
                                absl::FunctionRef<void(const GradientView<Real>&)> use) = 0;

  // For an optimiser that keeps weights lazily, which needs to know only those that the next part of the minibatch reads: their inputs; nullopt
  // where all parameters are read. And Gradient at a point of which it gives only these; the view is sparse, and its inputs are the support's.
  virtual std::optional<Support> NextSupport() { return std::nullopt; }
  virtual absl::Status GradientAtSupport(const SupportPoint<Real>&,
                                         absl::FunctionRef<void(const SparseGradient<Real>&)>) {
    return absl::UnimplementedError("the minibatch reads all parameters");
  }

  // |W|^2 at the point of the next Gradient, told by an optimiser that does not give all of it, if there is an l2.
  virtual void TellSquaredWeights(double) {}
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_OBJECTIVE_H_
