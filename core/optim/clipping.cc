#include "core/optim/clipping.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/base/squared_norm.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

absl::Status CheckLimit(std::string_view field, double limit) {
  if (limit > 0 && std::isfinite(limit)) return absl::OkStatus();
  return FieldError(field, limit, "positive and finite");
}

absl::Status Check(const NoClipping&) { return absl::OkStatus(); }
absl::Status Check(const ClipGlobalNorm& options) {
  return InField("global_norm", CheckLimit("max_norm", options.max_norm));
}
absl::Status Check(const ClipValue& options) { return InField("value", CheckLimit("limit", options.limit)); }
absl::Status Check(const ClipLayerNorm& options) {
  return InField("layer_norm", CheckLimit("max_norm", options.max_norm));
}

}  // namespace

absl::Status Validate(const ClippingOptions& options) {
  return std::visit([](const auto& kind) { return Check(kind); }, options);
}

template <typename Real>
void Clipper::Measure(std::span<const std::span<const Real>> layers, double norm) {
  clipped_norm_ = norm;
  clipped_ = false;
  std::visit([&](const auto& kind) { Apply(kind, layers, norm); }, options_);
}

template <typename Real>
void Clipper::Apply(const NoClipping&, std::span<const std::span<const Real>>, double) {}

template <typename Real>
void Clipper::Apply(const ClipGlobalNorm& options, std::span<const std::span<const Real>>, double norm) {
  clipped_ = norm > options.max_norm;
  std::fill(scales_.begin(), scales_.end(), clipped_ ? options.max_norm / norm : 1);
  clipped_norm_ = std::min(norm, options.max_norm);
}

template <typename Real>
void Clipper::Apply(const ClipValue& options, std::span<const std::span<const Real>> layers, double norm) {
  limit_ = options.limit;
  double sum = 0;
  for (const std::span<const Real> layer : layers) {
    for (const Real g : layer) {
      const double magnitude = std::abs(static_cast<double>(g));
      clipped_ = clipped_ || magnitude > options.limit;
      const double bounded = std::min(magnitude, options.limit);
      sum += bounded * bounded;
    }
  }
  clipped_norm_ = clipped_ ? std::sqrt(sum) : norm;
}

template <typename Real>
void Clipper::Apply(const ClipLayerNorm& options, std::span<const std::span<const Real>> layers, double norm) {
  double sum = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const double layer_norm = std::sqrt(SquaredNorm(layers[l]));
    const bool over = layer_norm > options.max_norm;
    scales_[l] = over ? options.max_norm / layer_norm : 1;
    clipped_ = clipped_ || over;
    const double bounded = std::min(layer_norm, options.max_norm);
    sum += bounded * bounded;
  }
  clipped_norm_ = clipped_ ? std::sqrt(sum) : norm;
}

template void Clipper::Measure(std::span<const std::span<const float>>, double);
template void Clipper::Measure(std::span<const std::span<const double>>, double);

}  // namespace trainyard
