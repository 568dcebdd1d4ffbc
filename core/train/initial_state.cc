#include "core/train/initial_state.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace trainyard {
namespace {

std::string ShapeText(const std::vector<int64_t>& shape) { return absl::StrCat("[", absl::StrJoin(shape, ", "), "]"); }

const TensorShape* Find(const ParameterLayout& layout, const std::string& name) {
  const auto found = std::find_if(layout.tensors().begin(), layout.tensors().end(),
                                  [&name](const TensorShape& tensor) { return tensor.name == name; });
  return found == layout.tensors().end() ? nullptr : &*found;
}

absl::Status CheckTensor(const NamedTensor& tensor, const ParameterLayout& layout, std::set<std::string>& seen) {
  const TensorShape* shape = Find(layout, tensor.name);
  if (shape == nullptr) {
    std::vector<std::string> names;
    for (const TensorShape& known : layout.tensors()) names.push_back(known.name);
    return FieldError("name", tensor.name, absl::StrCat("one of ", absl::StrJoin(names, ", ")));
  }
  if (!seen.insert(tensor.name).second) return FieldError("name", tensor.name, "given once");
  if (tensor.shape != shape->dimensions)
    return FieldError("shape", ShapeText(tensor.shape), ShapeText(shape->dimensions));
  if (static_cast<int64_t>(tensor.values.size()) != shape->size) {
    return FieldError("values", absl::StrCat(tensor.values.size(), " numbers"), absl::StrCat(shape->size, " numbers"));
  }
  return absl::OkStatus();
}

absl::Status CheckTensors(std::string_view field, const std::vector<NamedTensor>& tensors,
                          const ParameterLayout& layout) {
  std::set<std::string> seen;
  for (size_t i = 0; i < tensors.size(); ++i) {
    RETURN_IF_ERROR(InField(absl::StrCat(std::string(field), "[", i, "]"), CheckTensor(tensors[i], layout, seen)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const InitialStateOptions& options, const ParameterLayout& layout) {
  RETURN_IF_ERROR(CheckTensors("parameters", options.parameters, layout));
  return CheckTensors("velocity", options.velocity, layout);
}

template <typename Real>
void Place(const std::vector<NamedTensor>& tensors, const ParameterLayout& layout, std::span<Real> flat) {
  for (const NamedTensor& tensor : tensors) {
    const TensorShape& shape = *Find(layout, tensor.name);
    const int64_t fan_in = layout.layers()[shape.layer].fan_in;
    const int64_t fan_out = layout.layers()[shape.layer].fan_out;
    for (int64_t i = 0; i < shape.size; ++i) {
      const int64_t input = shape.is_bias ? fan_in : i / fan_out;
      flat[layout.Index(shape.layer, input, i % fan_out)] = static_cast<Real>(tensor.values[i]);
    }
  }
}

template void Place(const std::vector<NamedTensor>&, const ParameterLayout&, std::span<float>);
template void Place(const std::vector<NamedTensor>&, const ParameterLayout&, std::span<double>);

}  // namespace trainyard
