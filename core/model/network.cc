#include "core/model/network.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr size_t kMaxHiddenLayers = 64;
constexpr int64_t kMaxUnits = 1'000'000'000;

absl::Status Check(const DenseOptions& options) {
  if (options.units < 1 || options.units > kMaxUnits) {
    return InField("dense", FieldError("units", options.units, absl::StrCat("in 1..", kMaxUnits)));
  }
  return absl::OkStatus();
}

// Places of a dense layer's parameters in the logical order, in turn: weights row by row, then the bias.
template <typename Visit>
void ForEachLogical(const ParameterLayout& layout, Visit visit) {
  int64_t logical = 0;
  for (int layer = 0; layer < static_cast<int>(layout.layers().size()); ++layer) {
    const DenseShape& shape = layout.layers()[layer];
    for (int64_t input = 0; input <= shape.fan_in; ++input) {
      for (int64_t unit = 0; unit < shape.fan_out; ++unit) visit(logical++, layout.Index(layer, input, unit));
    }
  }
}

}  // namespace

absl::Status Validate(const NetworkOptions& options) {
  if (options.hidden.size() > kMaxHiddenLayers) {
    return FieldError("hidden", absl::StrCat(options.hidden.size(), " layers"),
                      absl::StrCat("at most ", kMaxHiddenLayers));
  }
  for (size_t i = 0; i < options.hidden.size(); ++i) {
    const absl::Status status = std::visit([](const auto& layer) { return Check(layer); }, options.hidden[i]);
    RETURN_IF_ERROR(InField(absl::StrCat("hidden[", i, "]"), status));
  }
  return absl::OkStatus();
}

absl::StatusOr<ParameterLayout> ParameterLayout::Make(const NetworkOptions& options, int64_t input_count,
                                                      int64_t output_count) {
  ParameterLayout layout;
  int64_t fan_in = input_count;
  const auto add = [&](int64_t fan_out, const ActivationOptions& activation) -> absl::Status {
    DenseShape shape{.fan_in = fan_in, .fan_out = fan_out, .activation = activation, .begin = layout.parameter_count_};
    if (fan_out > (std::numeric_limits<int64_t>::max() - shape.begin) / (fan_in + 1)) {
      return absl::InvalidArgumentError(
          "the network has more parameters than can be counted; make its layers narrower");
    }
    shape.size = (fan_in + 1) * fan_out;
    const int index = static_cast<int>(layout.layers_.size());
    layout.tensors_.push_back({.name = absl::StrCat("layers.", index, ".weight"),
                               .dimensions = {fan_in, fan_out},
                               .layer = index,
                               .is_bias = false,
                               .size = fan_in * fan_out});
    layout.tensors_.push_back({.name = absl::StrCat("layers.", index, ".bias"),
                               .dimensions = {fan_out},
                               .layer = index,
                               .is_bias = true,
                               .size = fan_out});
    layout.parameter_count_ += shape.size;
    layout.layers_.push_back(std::move(shape));
    fan_in = fan_out;
    return absl::OkStatus();
  };
  for (const LayerOptions& layer : options.hidden) {
    const DenseOptions& dense = std::get<DenseOptions>(layer);
    RETURN_IF_ERROR(add(dense.units, dense.activation));
  }
  RETURN_IF_ERROR(add(output_count, Identity()));
  return layout;
}

template <typename Real>
void ParameterLayout::ToLogical(std::span<const Real> flat, std::span<Real> logical) const {
  ForEachLogical(*this, [&](int64_t to, int64_t from) { logical[to] = flat[from]; });
}

template <typename Real>
void ParameterLayout::FromLogical(std::span<const Real> logical, std::span<Real> flat) const {
  ForEachLogical(*this, [&](int64_t from, int64_t to) { flat[to] = logical[from]; });
}

template void ParameterLayout::ToLogical(std::span<const float>, std::span<float>) const;
template void ParameterLayout::ToLogical(std::span<const double>, std::span<double>) const;
template void ParameterLayout::FromLogical(std::span<const float>, std::span<float>) const;
template void ParameterLayout::FromLogical(std::span<const double>, std::span<double>) const;

}  // namespace trainyard
