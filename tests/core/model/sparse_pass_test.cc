#include "core/model/sparse_pass.h"

#include <gtest/gtest.h>

#include <array>

namespace trainyard {
namespace {

TEST(SparsePassTest, TheNormOfOneRowIsThatOfItsLargestElementThoughItsSlopeHasNoSquare) {
  const ParameterLayout layout = *ParameterLayout::Make({}, 3, 1);
  const std::vector<double> theta(static_cast<size_t>(layout.flat_size()));
  const std::array<uint32_t, 1> inputs = {1};
  const std::array<double, 1> values = {1e20};
  SparsePass<double> pass(layout);
  pass.Begin();
  pass.Take({.inputs = inputs, .values = values, .squares = 1e40});
  pass.Forward(std::span(theta))(0, 0) = -1e-170;  // dL/df
  pass.Backward();
  EXPECT_DOUBLE_EQ(pass.NormOfGradient(), 1e-150);
}

}  // namespace
}  // namespace trainyard
