#include "core/model/pass_bound.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/base/random.h"
#include "core/model/network_pass.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

constexpr int64_t kExamples = 4;

double Largest(MatrixView<const double> x) {
  double largest = 0;
  for (int64_t i = 0; i < x.rows; ++i) {
    for (const double value : x.row(i)) largest = std::max(largest, std::abs(value));
  }
  return largest;
}

ParameterLayout NetworkOf(std::vector<LayerOptions> hidden) {
  return *ParameterLayout::Make({.hidden = std::move(hidden)}, 6, 3);
}

// All numbers at the ends of what they may be, with the same signs throughout, so that sums do not cancel.
void CheckBound(const ParameterLayout& layout, const EndBounds& ends, double parameter) {
  std::vector<double> theta(static_cast<size_t>(layout.flat_size()), parameter);
  NetworkPass<double> pass(layout, kExamples);
  for (int64_t i = 0; i < kExamples; ++i) std::ranges::fill(pass.inputs(kExamples).row(i), ends.input);
  const MatrixView<double> outputs = pass.Forward(theta, kExamples);
  const double bound = LargestInPasses(layout, ends, parameter);
  for (size_t l = 0; l <= layout.layers().size(); ++l) EXPECT_LE(Largest(pass.activation(l, kExamples)), bound);
  for (int64_t i = 0; i < kExamples; ++i) std::ranges::fill(outputs.row(i), ends.output_gradient / kExamples);
  pass.Backward(theta, kExamples);
  double largest = 0;
  for (const GradientRange& range : GradientRanges(layout)) {
    std::vector<double> gradient(static_cast<size_t>(range.size));
    pass.Gradient(range, kExamples, NetworkPass<double>::Into::kEmpty, gradient);
    for (const double g : gradient) largest = std::max(largest, std::abs(g));
  }
  EXPECT_LE(largest, bound);
  EXPECT_LT(bound, 100 * std::max({largest, ends.input, 1.0})) << "far from what is reached";
}

TEST(PassBoundTest, NoActivationOrGradientIsLarger) {
  for (const double parameter : {0.5, 3.0}) {
    for (const EndBounds& ends : {EndBounds{2, 1}, EndBounds{100, 0.5}}) {
      for (const ActivationOptions& activation :
           {ActivationOptions(Relu()), ActivationOptions(LeakyRelu()), ActivationOptions(Softplus())}) {
        CheckBound(NetworkOf({DenseOptions{5, activation}, DenseOptions{7, activation}}), ends, parameter);
      }
      CheckBound(NetworkOf({}), ends, parameter);
    }
  }
}

TEST(PassBoundTest, TheLargestSafeParameterIsThePowerOfTwoBelowTheLimit) {
  const ParameterLayout layout = NetworkOf({DenseOptions{5, Relu()}});
  const EndBounds ends{2, 1};
  const double safe = LargestSafeParameter(layout, ends, 1e30);
  EXPECT_EQ(std::exp2(std::round(std::log2(safe))), safe);
  EXPECT_LT(LargestInPasses(layout, ends, safe), 1e30);
  EXPECT_GE(LargestInPasses(layout, ends, 2 * safe), 1e30);
}

TEST(PassBoundTest, WhereAnEndHasNoBoundNoParameterIsSafe) {
  const ParameterLayout layout = NetworkOf({});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(LargestSafeParameter(layout, {kInfinity, 1}, 1e30), 0);
  EXPECT_EQ(LargestSafeParameter(layout, {1, kInfinity}, 1e30), 0);
}

}  // namespace
}  // namespace trainyard
