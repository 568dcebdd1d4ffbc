#include "core/model/network.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

constexpr size_t kMaxHiddenLayers = 64;
constexpr int64_t kMaxUnits = 1'000'000'000;
constexpr int64_t kMaxPieces = 64;

absl::Status CheckUnits(int64_t units) {
  if (units >= 1 && units <= kMaxUnits) return absl::OkStatus();
  return FieldError("units", units, absl::StrCat("in 1..", kMaxUnits));
}

absl::Status Check(const DenseOptions& options) {
  RETURN_IF_ERROR(InField("dense", CheckUnits(options.units)));
  return InField("dense", InField("activation", Validate(options.activation)));
}

absl::Status Check(const MaxoutOptions& options) {
  RETURN_IF_ERROR(InField("maxout", CheckUnits(options.units)));
  if (options.pieces >= 2 && options.pieces <= kMaxPieces) return absl::OkStatus();
  return InField("maxout", FieldError("pieces", options.pieces, absl::StrCat("in 2..", kMaxPieces)));
}

// What a layer is but for its place.
DenseShape Shape(const DenseOptions& options) { return {.fan_out = options.units, .activation = options.activation}; }

DenseShape Shape(const MaxoutOptions& options) {
  return {.fan_out = options.units * options.pieces, .pieces = options.pieces, .activation = Identity()};
}

// Places of each layer's parameters in the logical order, in turn: weights row by row, then the bias.
template <typename Visit>
void ForEachLogical(const ParameterLayout& layout, Visit visit) {
  int64_t logical = 0;
  for (int layer = 0; layer < static_cast<int>(layout.layers().size()); ++layer) {
    const DenseShape& shape = layout.layers()[layer];
    for (int64_t input = 0; input <= shape.fan_in; ++input) {
      for (int64_t column = 0; column < shape.fan_out; ++column) visit(logical++, layout.Index(layer, input, column));
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
                                                      int64_t output_count, InputKind inputs) {
  const bool by_input = inputs == InputKind::kSparse && options.hidden.empty() &&
                        output_count <= std::numeric_limits<uint32_t>::max() / (input_count + 1);
  ParameterLayout layout;
  int64_t fan_in = input_count;
  for (const LayerOptions& layer : options.hidden) {
    const DenseShape shape = std::visit([](const auto& alternative) { return Shape(alternative); }, layer);
    RETURN_IF_ERROR(layout.Add(fan_in, shape));
    fan_in = shape.units();
  }
  RETURN_IF_ERROR(layout.Add(fan_in, {.fan_out = output_count,
                                      .activation = Identity(),
                                      .order = by_input ? WeightOrder::kByInput : WeightOrder::kPanels}));
  return layout;
}

absl::Status ParameterLayout::Add(int64_t fan_in, DenseShape shape) {
  shape.fan_in = fan_in;
  shape.begin = layers_.empty() ? 0 : flat_size();
  // With padding a layer has at most 16 times as many elements, for one output.
  if (shape.fan_out > (std::numeric_limits<int64_t>::max() / kLanes - shape.begin) / (fan_in + 1)) {
    return absl::InvalidArgumentError("the network has more parameters than can be counted; make its layers narrower");
  }
  shape.size = shape.order == WeightOrder::kPanels ? shape.panels().size() : (fan_in + 1) * shape.fan_out;
  const int index = static_cast<int>(layers_.size());
  tensors_.push_back({.name = absl::StrCat("layers.", index, ".weight"),
                      .dimensions = {fan_in, shape.fan_out},
                      .layer = index,
                      .is_bias = false,
                      .size = fan_in * shape.fan_out});
  tensors_.push_back({.name = absl::StrCat("layers.", index, ".bias"),
                      .dimensions = {shape.fan_out},
                      .layer = index,
                      .is_bias = true,
                      .size = shape.fan_out});
  parameter_count_ += (fan_in + 1) * shape.fan_out;
  layers_.push_back(std::move(shape));
  return absl::OkStatus();
}

template <typename Real>
void ParameterLayout::ToLogical(std::span<const Real> flat, std::span<Real> logical) const {
  ForEachLogical(*this, [&](int64_t to, int64_t from) { logical[to] = flat[from]; });
}

template <typename Real>
void ParameterLayout::FromLogical(std::span<const Real> logical, std::span<Real> flat) const {
  std::fill(flat.begin(), flat.end(), Real{0});
  ForEachLogical(*this, [&](int64_t from, int64_t to) { flat[to] = logical[from]; });
}

template void ParameterLayout::ToLogical(std::span<const float>, std::span<float>) const;
template void ParameterLayout::ToLogical(std::span<const double>, std::span<double>) const;
template void ParameterLayout::FromLogical(std::span<const float>, std::span<float>) const;
template void ParameterLayout::FromLogical(std::span<const double>, std::span<double>) const;

}  // namespace trainyard
