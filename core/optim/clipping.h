// Bounds on a gradient before it is used. Pascanu et al. (2013); Goodfellow et al. (2016), section 10.11.1.
//
//   global norm   g <- g min(1, max_norm / |g|)
//   value         g_j <- max(-limit, min(limit, g_j))
//   layer norm    as global norm, layer by layer, weights and bias of a layer together
//
// |g| is the 2-norm; g is the gradient of the loss and the penalty together.

#ifndef TRAINYARD_CORE_OPTIM_CLIPPING_H_
#define TRAINYARD_CORE_OPTIM_CLIPPING_H_

#include <cstdint>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace trainyard {

struct NoClipping {
  friend bool operator==(const NoClipping&, const NoClipping&) = default;
};

// Limits are positive and finite.
struct ClipGlobalNorm {
  double max_norm = 1;
  friend bool operator==(const ClipGlobalNorm&, const ClipGlobalNorm&) = default;
};
struct ClipValue {
  double limit = 1;
  friend bool operator==(const ClipValue&, const ClipValue&) = default;
};
struct ClipLayerNorm {
  double max_norm = 1;
  friend bool operator==(const ClipLayerNorm&, const ClipLayerNorm&) = default;
};

using ClippingOptions = std::variant<NoClipping, ClipGlobalNorm, ClipValue, ClipLayerNorm>;

// INVALID_ARGUMENT: a limit out of range.
absl::Status Validate(const ClippingOptions& options);

// How one gradient is clipped.
class Clipper {
 public:
  explicit Clipper(const ClippingOptions& options, size_t layer_count) : options_(options), scales_(layer_count, 1) {}

  // Takes the gradient layer by layer; element ranges as in `layers`. `norm`: its 2-norm, finite. Allocates nothing.
  template <typename Real>
  void Measure(std::span<const std::span<const Real>> layers, double norm);

  // Of the gradient measured last: the factor of a layer's elements, the largest magnitude of an element, the 2-norm after both, and
  // whether any element changed.
  double scale(size_t layer) const { return scales_[layer]; }
  double limit() const { return limit_; }
  double clipped_norm() const { return clipped_norm_; }
  bool clipped() const { return clipped_; }

  bool active() const { return !std::holds_alternative<NoClipping>(options_); }

 private:
  template <typename Real>
  void Apply(const NoClipping&, std::span<const std::span<const Real>> layers, double norm);
  template <typename Real>
  void Apply(const ClipGlobalNorm& options, std::span<const std::span<const Real>> layers, double norm);
  template <typename Real>
  void Apply(const ClipValue& options, std::span<const std::span<const Real>> layers, double norm);
  template <typename Real>
  void Apply(const ClipLayerNorm& options, std::span<const std::span<const Real>> layers, double norm);

  const ClippingOptions options_;
  std::vector<double> scales_;
  double limit_ = std::numeric_limits<double>::infinity();
  double clipped_norm_ = 0;
  bool clipped_ = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_CLIPPING_H_
