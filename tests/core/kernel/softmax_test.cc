#include <cmath>
#include <limits>

#include "core/kernel/functions.h"
#include "core/kernel/kernels.h"
#include "core/kernel/scalar_lanes.h"
#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

template <typename Real>
struct Batch {
  Batch(int64_t rows, int64_t columns, double spread, uint64_t seed) : f(rows, columns) {
    Noise noise(seed);
    f.Fill(noise);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) f(i, j) *= static_cast<Real>(spread);
      classes.push_back(static_cast<int32_t>((i * 7 + seed) % columns));
      weights.push_back(1 + noise() / 2);
    }
  }

  Matrix<Real> f;
  std::vector<int32_t> classes;
  std::vector<double> weights;
};

template <typename Real>
Real Exp(Real y) {
  return kernel::Exponential<kernel::ScalarLanes<Real>>(y).Value();
}

// The definition, in order.
template <typename Real>
double ReferenceSoftmax(Real factor, Batch<Real>& batch) {
  double total = 0;
  std::array<double, 16> losses{};
  Matrix<Real>& f = batch.f;
  for (int64_t i = 0; i < f.rows; ++i) {
    Real maximum = f(i, 0);
    for (int64_t j = 1; j < f.columns; ++j) maximum = std::max(maximum, f(i, j));
    const Real true_output = f(i, batch.classes[i]);
    Real sum = 0;
    for (int64_t j = 0; j < f.columns; ++j) {
      f(i, j) = Exp<Real>(f(i, j) - maximum);
      sum += f(i, j);
    }
    const Real scaled_factor = static_cast<Real>(factor * batch.weights[i]);
    const Real scale = scaled_factor / sum;
    for (int64_t j = 0; j < f.columns; ++j) f(i, j) *= scale;
    f(i, batch.classes[i]) -= scaled_factor;
    const double distance = static_cast<double>(maximum) - static_cast<double>(true_output);
    losses[i % 16] = batch.weights[i] * (distance + kernel::Log<kernel::ScalarLanes<Real>>(sum));
    if (i % 16 == 15 || i + 1 == f.rows) {
      for (int half = 8; half > 0; half /= 2) {
        for (int c = 0; c < half; ++c) losses[c] += losses[c + half];
      }
      total += losses[0];
      losses.fill(0);
    }
  }
  return total;
}

template <typename Real>
class SoftmaxTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(SoftmaxTest, Reals);

TYPED_TEST(SoftmaxTest, HasTheBitsOfItsDefinitionAndLeavesPaddingAlone) {
  using Real = TypeParam;
  for (int64_t rows = 1; rows <= 40; ++rows) {
    for (int64_t columns = 1; columns <= 70; ++columns) {
      const Batch<Real> before(rows, columns, 5, rows * 100 + columns);
      Batch<Real> expected = before;
      const double loss = ReferenceSoftmax(Real(0.125), expected);
      for (const InstructionSet set : InstructionSets()) {
        Batch<Real> batch = before;
        const double actual =
            KernelsFor<Real>(set).softmax_cross_entropy(Real(0.125), batch.f.view(), batch.classes, batch.weights);
        ASSERT_EQ(actual, loss) << rows << ", " << columns;
        ASSERT_TRUE(AllSameBits(batch.f.data, expected.f.data)) << rows << ", " << columns;
      }
    }
  }
}

TYPED_TEST(SoftmaxTest, IsAccurateHoweverFarTheOutputsLieApart) {
  using Real = TypeParam;
  constexpr double kEpsilon = std::numeric_limits<Real>::epsilon();
  for (const double spread : {1e-3, 1.0, 30.0, 1000.0}) {
    const Batch<Real> before(64, 10, spread, 17);
    Batch<Real> batch = before;
    const double loss =
        KernelsFor<Real>(BestInstructionSet()).softmax_cross_entropy(1, batch.f.view(), batch.classes, batch.weights);
    long double expected_loss = 0;
    for (int64_t i = 0; i < 64; ++i) {
      long double maximum = before.f(i, 0);
      for (int64_t j = 1; j < 10; ++j) maximum = std::max<long double>(maximum, before.f(i, j));
      long double sum = 0;
      for (int64_t j = 0; j < 10; ++j) sum += std::exp(before.f(i, j) - maximum);
      const long double weight = before.weights[i];
      expected_loss += weight * (maximum - before.f(i, before.classes[i]) + std::log(sum));
      for (int64_t j = 0; j < 10; ++j) {
        // An exponent that lost digits in the subtraction makes the same relative error in e^(f - maximum).
        const long double gap = std::fabs(before.f(i, j) - maximum);
        const long double p = std::exp(before.f(i, j) - maximum) / sum;
        const long double expected = weight * (p - (j == before.classes[i] ? 1 : 0));
        ASSERT_NEAR(batch.f(i, j), static_cast<double>(expected), kEpsilon * (8 + static_cast<double>(gap * p)))
            << spread;
      }
    }
    EXPECT_NEAR(loss, static_cast<double>(expected_loss), kEpsilon * (64 + static_cast<double>(expected_loss)));
  }
}

TYPED_TEST(SoftmaxTest, AnOutputThatIsNotFiniteMakesALossThatIsNotFinite) {
  using Real = TypeParam;
  constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
  for (const Real strange : {std::numeric_limits<Real>::quiet_NaN(), kInfinity}) {
    for (const int64_t columns : {2, 10, 40}) {
      for (int64_t place = 0; place < columns; ++place) {
        for (const InstructionSet set : InstructionSets()) {
          Batch<Real> batch(20, columns, 1, 3);
          batch.f(5, place) = strange;
          const double loss =
              KernelsFor<Real>(set).softmax_cross_entropy(1, batch.f.view(), batch.classes, batch.weights);
          ASSERT_FALSE(std::isfinite(loss)) << columns << ", " << place;
        }
      }
    }
  }
}

TYPED_TEST(SoftmaxTest, AClassOfMinusInfinityHasProbabilityZero) {
  using Real = TypeParam;
  for (const InstructionSet set : InstructionSets()) {
    Matrix<Real> f(1, 3);
    f(0, 0) = f(0, 2) = 1;
    f(0, 1) = -std::numeric_limits<Real>::infinity();
    const std::vector<int32_t> classes = {0};
    const std::vector<double> weights = {1};
    const double loss = KernelsFor<Real>(set).softmax_cross_entropy(1, f.view(), classes, weights);
    EXPECT_NEAR(loss, std::log(2.0), 1e-7);
    EXPECT_EQ(f(0, 0), Real(-0.5));
    EXPECT_EQ(f(0, 1), 0);
    EXPECT_EQ(f(0, 2), Real(0.5));
  }
}

}  // namespace
}  // namespace trainyard
