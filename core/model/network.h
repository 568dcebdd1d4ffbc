// A feed-forward network, and how its parameters lie in one flat vector.
//
//   a_0 = x;   a_l = activation_l(a_{l-1} W_l + b_l);   f = a_{L-1} W_L + b_L        W_l: [fan_in, fan_out]
//
// Weights lie in the panels that the kernels stream through; those of a linear model of sparse inputs lie by input, so that a step touches
// only the inputs that a minibatch has.
//
// A maxout layer has several columns of W_l for each unit, its pieces, and takes the largest. Goodfellow et al. (2013)

#ifndef TRAINYARD_CORE_MODEL_NETWORK_H_
#define TRAINYARD_CORE_MODEL_NETWORK_H_

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/data/encoding.h"
#include "core/kernel/panels.h"
#include "core/model/activation.h"

namespace trainyard {

struct DenseOptions {
  int64_t units = 0;  // in 1..1,000,000,000
  ActivationOptions activation = Relu();

  friend bool operator==(const DenseOptions&, const DenseOptions&) = default;
};

struct MaxoutOptions {
  int64_t units = 0;   // in 1..1,000,000,000
  int64_t pieces = 2;  // of each unit, in 2..64

  friend bool operator==(const MaxoutOptions&, const MaxoutOptions&) = default;
};

using LayerOptions = std::variant<DenseOptions, MaxoutOptions>;

struct NetworkOptions {
  std::vector<LayerOptions> hidden;  // at most 64

  friend bool operator==(const NetworkOptions&, const NetworkOptions&) = default;
};

// INVALID_ARGUMENT: a width or a setting out of range, too many layers.
absl::Status Validate(const NetworkOptions& options);

// How the inputs of the first layer are given; see data/encoding.h.
enum class InputKind { kDense, kSparse };

inline InputKind InputsOf(const Encoding& encoding) {
  return HasSparseInputs(encoding) ? InputKind::kSparse : InputKind::kDense;
}

// Where the weights [fan_in, fan_out] of a layer lie, and its bias, which is one more row below them.
enum class WeightOrder { kPanels, kByInput };

// A run of memory that holds weights or biases (and padding, which is 0), never both.
struct ParameterRun {
  int64_t begin = 0;
  int64_t size = 0;
  bool is_bias = false;
};

struct DenseShape {
  int64_t fan_in = 0;
  int64_t fan_out = 0;           // columns of the weights; the pieces of a unit lie together
  int64_t pieces = 1;            // of each unit; 1 but for maxout
  ActivationOptions activation;  // of the last layer and of maxout: Identity
  WeightOrder order = WeightOrder::kPanels;
  int64_t begin = 0;  // of its elements in the flat vector
  int64_t size = 0;   // elements, padding among them

  PanelShape panels() const { return {fan_in, fan_out}; }

  // The place of parameter (input, column) in the flat vector; input == fan_in is the bias.
  int64_t Index(int64_t input, int64_t column) const {
    return begin + (order == WeightOrder::kPanels ? panels().Index(input, column) : input * fan_out + column);
  }

  // All its elements, ascending.
  template <typename Visit>
  void ForEachRun(Visit visit) const;

  // What the next layer sees.
  int64_t units() const { return fan_out / pieces; }
};

// One named array of the logical order: `layers.0.weight` [fan_in, fan_out], `layers.0.bias` [fan_out], and so on.
struct TensorShape {
  std::string name;
  std::vector<int64_t> dimensions;
  int layer = 0;
  bool is_bias = false;
  int64_t size = 0;
};

// Maps the logical order of parameters (tensors in order, each row-major) to places in the flat vector. Everything that leaves the
// engine (exports, checkpoints, digests) is in logical order; only kernels and Index know the places.
class ParameterLayout {
 public:
  // INVALID_ARGUMENT: more parameters than can be counted.
  static absl::StatusOr<ParameterLayout> Make(const NetworkOptions& options, int64_t input_count, int64_t output_count,
                                              InputKind inputs = InputKind::kDense);

  int64_t input_count() const { return layers_.front().fan_in; }
  int64_t output_count() const { return layers_.back().fan_out; }
  const std::vector<DenseShape>& layers() const { return layers_; }
  const std::vector<TensorShape>& tensors() const { return tensors_; }

  // Parameters, and elements of the flat vector.
  int64_t parameter_count() const { return parameter_count_; }
  int64_t flat_size() const { return layers_.back().begin + layers_.back().size; }

  // Whether the run and its model take sparse steps: sparse inputs, no hidden layer, and parameters that 32 bits can count.
  bool takes_sparse_steps() const { return layers_.front().order == WeightOrder::kByInput; }

  // The place of parameter (input, column) of a layer; input == fan_in is the bias.
  int64_t Index(int layer, int64_t input, int64_t column) const { return layers_[layer].Index(input, column); }

  // Between the flat vector and the logical order.
  template <typename Real>
  void ToLogical(std::span<const Real> flat, std::span<Real> logical) const;
  template <typename Real>
  void FromLogical(std::span<const Real> logical, std::span<Real> flat) const;

 private:
  // Appends a layer that is given but for its place. INVALID_ARGUMENT: as Make.
  absl::Status Add(int64_t fan_in, DenseShape shape);

  std::vector<DenseShape> layers_;
  std::vector<TensorShape> tensors_;
  int64_t parameter_count_ = 0;
};

template <typename Visit>
void DenseShape::ForEachRun(Visit visit) const {
  const PanelShape shape = panels();
  if (order == WeightOrder::kByInput) {
    visit(ParameterRun{begin, fan_in * fan_out, false});
    visit(ParameterRun{begin + fan_in * fan_out, fan_out, true});
  } else if (shape.narrow()) {
    for (int64_t output = 0; output < fan_out; ++output) {
      const int64_t first = begin + output * shape.narrow_stride();
      visit(ParameterRun{first, fan_in, false});
      visit(ParameterRun{first + fan_in, shape.narrow_stride() - fan_in, true});
    }
  } else {
    for (int64_t panel = 0; panel < shape.panels(); ++panel) {
      const int64_t first = begin + shape.panel_begin(panel);
      const int64_t width = shape.panel_width(panel);
      visit(ParameterRun{first, fan_in * width, false});
      visit(ParameterRun{first + fan_in * width, width, true});
    }
  }
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_NETWORK_H_
