#include "core/model/pass_bound.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace trainyard {

double LargestInPasses(const ParameterLayout& layout, const EndBounds& ends, double parameter) {
  const std::vector<DenseShape>& layers = layout.layers();
  std::vector<double> activations = {std::max(ends.input, 1.0)};  // 1: what the bias is multiplied by
  double largest = activations[0];
  for (const DenseShape& layer : layers) {
    const double z = (static_cast<double>(layer.fan_in) * activations.back() + 1) * parameter;
    activations.push_back(z + 1);
    largest = std::max(largest, z + 1);
  }
  double delta = ends.output_gradient;
  for (size_t l = layers.size(); l-- > 0;) {
    largest = std::max({largest, delta, delta * activations[l]});
    delta *= static_cast<double>(layers[l].fan_out) * parameter;
  }
  return largest;
}

double LargestSafeParameter(const ParameterLayout& layout, const EndBounds& ends, double limit) {
  constexpr int kExtreme = 100;
  for (int exponent = kExtreme; exponent >= -kExtreme; --exponent) {
    const double parameter = std::ldexp(1.0, exponent);
    if (LargestInPasses(layout, ends, parameter) < limit) return parameter;
  }
  return 0;
}

}  // namespace trainyard
