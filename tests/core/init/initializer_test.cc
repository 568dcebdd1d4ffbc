#include <algorithm>
#include <cmath>

#include "core/init/make_initializer.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

std::vector<double> Draw(const WeightInitializerOptions& options, TensorFans fans, uint64_t seed = 1) {
  std::vector<double> values(fans.fan_in * fans.fan_out);
  MakeInitializer(options)->Fill(fans, RandomStream(seed, RandomPurpose::kInitialWeights, 0), values);
  return values;
}

// Uniform on (-bound, bound): within it, close to it at the ends, with the variance bound^2 / 3 to within five standard errors.
void ExpectUniform(const std::vector<double>& values, double bound) {
  double sum = 0;
  double squares = 0;
  double largest = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    largest = std::max(largest, std::abs(value));
  }
  const double n = static_cast<double>(values.size());
  EXPECT_LE(largest, bound);
  EXPECT_GT(largest, 0.99 * bound);
  EXPECT_NEAR(sum / n, 0, 5 * bound / std::sqrt(3 * n));
  EXPECT_NEAR(squares / n, bound * bound / 3, 5 * bound * bound * std::sqrt(4.0 / 45 / n));
}

TEST(UniformFanInTest, IsUniformWithinOneOverTheRootOfFanIn) {
  ExpectUniform(Draw(UniformFanInOptions(), {.fan_in = 100, .fan_out = 200}), 0.1);
}

TEST(GlorotUniformTest, IsUniformWithinTheRootOfSixOverTheFans) {
  ExpectUniform(Draw(GlorotUniformOptions(), {.fan_in = 100, .fan_out = 200}), std::sqrt(6.0 / 300));
}

TEST(InitializerTest, TheSeedDecidesEveryValue) {
  EXPECT_EQ(Draw(GlorotUniformOptions(), {3, 4}, 1), Draw(GlorotUniformOptions(), {3, 4}, 1));
  EXPECT_NE(Draw(GlorotUniformOptions(), {3, 4}, 1), Draw(GlorotUniformOptions(), {3, 4}, 2));
}

TEST(ZeroBiasesTest, AreZero) {
  std::vector<double> values(5, 7.0);
  MakeInitializer(BiasInitializerOptions())
      ->Fill({.fan_in = 3, .fan_out = 5}, RandomStream(1, RandomPurpose::kInitialWeights, 0), values);
  EXPECT_THAT(values, ::testing::Each(0.0));
}

}  // namespace
}  // namespace trainyard
