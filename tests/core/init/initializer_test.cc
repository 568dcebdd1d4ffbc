#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "Eigen/Core"
#include "core/base/status.h"
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

// Normal with mean 0: mean, variance and kurtosis to within five standard errors.
void ExpectNormal(const std::vector<double>& values, double deviation) {
  const double n = static_cast<double>(values.size());
  double sum = 0;
  double squares = 0;
  double fourths = 0;
  for (const double value : values) {
    const double x = value / deviation;
    sum += x;
    squares += x * x;
    fourths += x * x * x * x;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(fourths / n, 3, 5 * std::sqrt(96 / n));
}

TEST(UniformFanInTest, TheScaleIsAFactor) {
  ExpectUniform(Draw(UniformFanInOptions{.scale = 3}, {.fan_in = 100, .fan_out = 200}), 0.3);
}

TEST(GlorotUniformTest, TheGainIsAFactor) {
  ExpectUniform(Draw(GlorotUniformOptions{.gain = 2}, {.fan_in = 100, .fan_out = 200}), 2 * std::sqrt(6.0 / 300));
}

TEST(GlorotNormalTest, IsNormalWithTheRootOfTwoOverTheFans) {
  ExpectNormal(Draw(GlorotNormalOptions(), {.fan_in = 100, .fan_out = 200}), std::sqrt(2.0 / 300));
  ExpectNormal(Draw(GlorotNormalOptions{.gain = 2}, {.fan_in = 100, .fan_out = 200}), 2 * std::sqrt(2.0 / 300));
}

TEST(HeNormalTest, IsNormalWithTheGainOverTheRootOfFanIn) {
  ExpectNormal(Draw(HeNormalOptions(), {.fan_in = 100, .fan_out = 200}), std::sqrt(2.0 / 100));
  ExpectNormal(Draw(HeNormalOptions{.gain = 1}, {.fan_in = 100, .fan_out = 200}), 0.1);
}

TEST(GaussianTest, IsNormalWithItsDeviation) {
  ExpectNormal(Draw(GaussianOptions(), {.fan_in = 100, .fan_out = 200}), 0.01);
  ExpectNormal(Draw(GaussianOptions{.deviation = 7}, {.fan_in = 100, .fan_out = 200}), 7);
}

TEST(UniformWeightsTest, IsUniformWithinItsBound) {
  ExpectUniform(Draw(UniformWeightsOptions(), {.fan_in = 100, .fan_out = 200}), 0.1);
  ExpectUniform(Draw(UniformWeightsOptions{.bound = 2}, {.fan_in = 100, .fan_out = 200}), 2);
}

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix DrawMatrix(const WeightInitializerOptions& options, TensorFans fans, uint64_t seed = 1) {
  const std::vector<double> values = Draw(options, fans, seed);
  return Eigen::Map<const Matrix>(values.data(), fans.fan_in, fans.fan_out);
}

TEST(OrthogonalTest, TheFewerOfRowsAndColumnsAreOrthonormalTimesTheGain) {
  for (const TensorFans fans : {TensorFans{50, 20}, {20, 50}, {30, 30}, {200, 150}, {1, 7}, {7, 1}, {1, 1}}) {
    for (const double gain : {1.0, 1.5}) {
      const Matrix w = DrawMatrix(OrthogonalOptions{.gain = gain}, fans);
      const Matrix product = fans.fan_in >= fans.fan_out ? Matrix(w.transpose() * w) : Matrix(w * w.transpose());
      const Matrix expected = gain * gain * Matrix::Identity(product.rows(), product.cols());
      EXPECT_LT((product - expected).cwiseAbs().maxCoeff(), 1e-12) << fans.fan_in << " x " << fans.fan_out;
    }
  }
}

TEST(OrthogonalTest, RoundedToFloatItIsOrthonormalToOneInAMillion) {
  const Eigen::MatrixXf w = DrawMatrix(OrthogonalOptions(), {100, 60}).cast<float>();
  const Eigen::MatrixXd product = w.cast<double>().transpose() * w.cast<double>();
  EXPECT_LT((product - Eigen::MatrixXd::Identity(60, 60)).cwiseAbs().maxCoeff(), 1e-6);
}

// A column of a Haar matrix is uniform on the sphere: coordinates have mean 0 and mean square 1/n, the diagonal's signs are fair.
TEST(OrthogonalTest, EachEntryIsAsOftenPositiveAsNegative) {
  constexpr int kDraws = 4000;
  Matrix sums = Matrix::Zero(3, 3);
  Matrix squares = Matrix::Zero(3, 3);
  for (uint64_t seed = 0; seed < kDraws; ++seed) {
    const Matrix w = DrawMatrix(OrthogonalOptions(), {3, 3}, seed);
    sums += w;
    squares += w.cwiseProduct(w);
  }
  EXPECT_LT((sums / kDraws).cwiseAbs().maxCoeff(), 5 * std::sqrt(1.0 / 3 / kDraws));
  EXPECT_LT((squares / kDraws - Matrix::Constant(3, 3, 1.0 / 3)).cwiseAbs().maxCoeff(),
            5 * std::sqrt(4.0 / 45 / kDraws));
}

TEST(SparseWeightsTest, EachUnitHasExactlySoManyIncomingWeights) {
  for (const int64_t nonzeros : {1, 15, 40}) {
    const Matrix w = DrawMatrix(SparseWeightsOptions{.nonzeros = nonzeros}, {40, 300});
    for (int64_t unit = 0; unit < 300; ++unit) EXPECT_EQ((w.col(unit).array() != 0).count(), nonzeros);
  }
}

TEST(SparseWeightsTest, AllAreSetWhereALayerHasFewerInputs) {
  const Matrix w = DrawMatrix(SparseWeightsOptions(), {4, 100});
  EXPECT_EQ((w.array() != 0).count(), 400);
}

TEST(SparseWeightsTest, EachPlaceIsEquallyLikely) {
  const int64_t units = 20000;
  const Matrix w = DrawMatrix(SparseWeightsOptions{.nonzeros = 3}, {10, units});
  for (int64_t input = 0; input < 10; ++input) {
    const double share = static_cast<double>((w.row(input).array() != 0).count()) / static_cast<double>(units);
    EXPECT_NEAR(share, 0.3, 5 * std::sqrt(0.3 * 0.7 / static_cast<double>(units))) << input;
  }
}

TEST(SparseWeightsTest, ValuesAreNormalWithTheirDeviation) {
  std::vector<double> values = Draw(SparseWeightsOptions{.nonzeros = 10, .deviation = 0.5}, {40, 2000});
  values.erase(std::remove(values.begin(), values.end(), 0.0), values.end());
  EXPECT_EQ(values.size(), 20000u);
  ExpectNormal(values, 0.5);
}

TEST(ZeroWeightsTest, AreZero) { EXPECT_THAT(Draw(ZeroWeightsOptions(), {3, 4}), ::testing::Each(0.0)); }

TEST(InitializerTest, AValueDependsOnItsLogicalIndexAlone) {
  const std::vector<double> few = Draw(GaussianOptions(), {2, 5});
  const std::vector<double> more = Draw(GaussianOptions(), {4, 5});
  EXPECT_TRUE(std::equal(few.begin(), few.end(), more.begin()));
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

TEST(ConstantBiasesTest, AreTheValue) {
  std::vector<double> values(5);
  MakeInitializer(BiasInitializerOptions(ConstantBiasesOptions()))
      ->Fill({.fan_in = 3, .fan_out = 5}, RandomStream(1, RandomPurpose::kInitialWeights, 0), values);
  EXPECT_THAT(values, ::testing::Each(0.1));
}

TEST(InitializationOptionsTest, ScalesArePositiveAndFinite) {
  const std::vector<std::pair<const char*, std::function<WeightInitializerOptions(double)>>> scales = {
      {"uniform_fan_in.scale", [](double x) { return UniformFanInOptions{.scale = x}; }},
      {"glorot_uniform.gain", [](double x) { return GlorotUniformOptions{.gain = x}; }},
      {"glorot_normal.gain", [](double x) { return GlorotNormalOptions{.gain = x}; }},
      {"he_normal.gain", [](double x) { return HeNormalOptions{.gain = x}; }},
      {"gaussian.deviation", [](double x) { return GaussianOptions{.deviation = x}; }},
      {"uniform.bound", [](double x) { return UniformWeightsOptions{.bound = x}; }},
      {"orthogonal.gain", [](double x) { return OrthogonalOptions{.gain = x}; }},
      {"sparse.deviation", [](double x) { return SparseWeightsOptions{.deviation = x}; }},
  };
  for (const auto& [field, make] : scales) {
    EXPECT_TRUE(Validate({.weights = make(1e-3)}, true).ok()) << field;
    for (const double bad : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
      EXPECT_EQ(ErrorField(Validate({.weights = make(bad)}, true)), field) << bad;
    }
  }
}

TEST(InitializationOptionsTest, SparseWeightsHaveAtLeastOneNonzero) {
  EXPECT_EQ(ErrorField(Validate({.weights = SparseWeightsOptions{.nonzeros = 0}}, false)), "sparse.nonzeros");
}

TEST(InitializationOptionsTest, ConstantBiasesAreFinite) {
  EXPECT_TRUE(Validate({.biases = ConstantBiasesOptions{.value = -2}}, true).ok());
  EXPECT_EQ(ErrorField(Validate({.biases = ConstantBiasesOptions{.value = std::nan("")}}, true)),
            "constant_biases.value");
}

TEST(InitializationOptionsTest, ZeroWeightsAreRefusedWhereThereAreHiddenLayers) {
  EXPECT_TRUE(Validate({.weights = ZeroWeightsOptions()}, false).ok());
  const absl::Status refused = Validate({.weights = ZeroWeightsOptions()}, true);
  EXPECT_EQ(ErrorField(refused), "zero_weights");
  EXPECT_EQ(ErrorReason(refused), "SYMMETRY");
  EXPECT_TRUE(Validate({.output_weights = ZeroWeightsOptions()}, true).ok());
}

}  // namespace
}  // namespace trainyard
