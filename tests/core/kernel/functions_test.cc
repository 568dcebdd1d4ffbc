#include "core/kernel/functions.h"

#include <cmath>
#include <limits>

#include "core/kernel/kernels.h"
#include "core/kernel/scalar_lanes.h"
#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

template <typename Real>
using Lanes = kernel::ScalarLanes<Real>;

// In units of the spacing of Real just above 1; denormal numbers need only stay small.
template <typename Real>
double RelativeError(Real actual, long double expected) {
  if (std::fabs(expected) < std::numeric_limits<Real>::min())
    return std::fabs(actual) <= std::numeric_limits<Real>::min() ? 0 : 1e9;
  return static_cast<double>(std::fabs((actual - expected) / expected)) / std::numeric_limits<Real>::epsilon();
}

// Arguments of both signs: zero, the least and the largest numbers, 200,000 between 2^-40 and 2^10.
template <typename Real>
AlignedVector<Real> Arguments() {
  AlignedVector<Real> arguments = {0, std::numeric_limits<Real>::min(), std::numeric_limits<Real>::denorm_min(),
                                   std::numeric_limits<Real>::max()};
  Noise noise(9);
  for (int i = 0; i < 200000; ++i) {
    arguments.push_back(static_cast<Real>(std::exp2(-15 + 25 * noise()) * (1 + std::abs(noise()))));
  }
  for (int i = 0; i < 2000; ++i) arguments.push_back(static_cast<Real>(i) / 20);
  const size_t positive = arguments.size();
  for (size_t i = 0; i < positive; ++i) arguments.push_back(-arguments[i]);
  return arguments;
}

template <typename Real>
class FunctionsTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(FunctionsTest, Reals);

TYPED_TEST(FunctionsTest, ExponentialIsWithinOneAndAHalfUnits) {
  using Real = TypeParam;
  for (const Real y : Arguments<Real>()) {
    if (y > 0) continue;
    const kernel::Exponential<Lanes<Real>> e(y);
    ASSERT_LE(RelativeError(e.Value(), std::exp(static_cast<long double>(y))), 1.5) << y;
    ASSERT_LE(RelativeError(e.MinusOne(), std::expm1(static_cast<long double>(y))), 2) << y;
  }
}

TYPED_TEST(FunctionsTest, ExponentialOfMinusInfinityIsZeroAndOfNoNumberNone) {
  using Real = TypeParam;
  using Exponential = kernel::Exponential<Lanes<Real>>;
  EXPECT_EQ(Exponential(-std::numeric_limits<Real>::infinity()).Value(), 0);
  EXPECT_EQ(Exponential(-std::numeric_limits<Real>::infinity()).MinusOne(), -1);
  EXPECT_TRUE(std::isnan(Exponential(std::numeric_limits<Real>::quiet_NaN()).Value()));
  EXPECT_EQ(Exponential(0).Value(), 1);
}

TYPED_TEST(FunctionsTest, LogarithmsAreWithinOneAndAHalfUnits) {
  using Real = TypeParam;
  for (const Real x : Arguments<Real>()) {
    if (x < 0) continue;
    if (x >= 1) {
      ASSERT_LE(RelativeError(kernel::Log<Lanes<Real>>(x), std::log(static_cast<long double>(x))), 1.5) << x;
    } else {
      const Real near_one = 1 + x;
      ASSERT_LE(RelativeError(kernel::Log<Lanes<Real>>(near_one), std::log(static_cast<long double>(near_one))), 1.5)
          << x;
      ASSERT_LE(RelativeError(kernel::LogOnePlus<Lanes<Real>>(x), std::log1p(static_cast<long double>(x))), 1.5) << x;
    }
  }
  EXPECT_TRUE(std::isnan(kernel::Log<Lanes<Real>>(std::numeric_limits<Real>::quiet_NaN())));
}

long double Reference(Nonlinearity function, long double z) {
  switch (function) {
    case Nonlinearity::kTanh:
      return std::tanh(z);
    case Nonlinearity::kSigmoid:
      return 1 / (1 + std::exp(-z));
    case Nonlinearity::kSoftplus:
      return std::fmax(0.0L, z) + std::log1p(std::exp(-std::fabs(z)));
  }
  return 0;
}

constexpr Nonlinearity kNonlinearities[] = {Nonlinearity::kTanh, Nonlinearity::kSigmoid, Nonlinearity::kSoftplus};

template <typename Real>
AlignedVector<Real> Activated(InstructionSet set, Nonlinearity function, AlignedVector<Real> z) {
  const int64_t size = static_cast<int64_t>(z.size());
  KernelsFor<Real>(set).activate(function, {z.data(), 1, size, size});
  return z;
}

TYPED_TEST(FunctionsTest, NonlinearitiesAreWithinFourUnitsOverTheWholeRange) {
  using Real = TypeParam;
  const AlignedVector<Real> z = Arguments<Real>();
  for (const Nonlinearity function : kNonlinearities) {
    const AlignedVector<Real> a = Activated(InstructionSet::kScalar, function, z);
    for (size_t i = 0; i < z.size(); ++i) {
      ASSERT_LE(RelativeError(a[i], Reference(function, z[i])), 4) << "function " << int(function) << " at " << z[i];
    }
  }
}

TYPED_TEST(FunctionsTest, NonlinearitiesAtTheEndsOfTheRange) {
  using Real = TypeParam;
  constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
  const AlignedVector<Real> ends = {-kInfinity, kInfinity, std::numeric_limits<Real>::quiet_NaN(), 0};
  for (const InstructionSet set : InstructionSets()) {
    const AlignedVector<Real> tanh = Activated(set, Nonlinearity::kTanh, ends);
    const AlignedVector<Real> sigmoid = Activated(set, Nonlinearity::kSigmoid, ends);
    const AlignedVector<Real> softplus = Activated(set, Nonlinearity::kSoftplus, ends);
    EXPECT_EQ(tanh[0], -1);
    EXPECT_EQ(tanh[1], 1);
    EXPECT_EQ(tanh[3], 0);
    EXPECT_EQ(sigmoid[0], 0);
    EXPECT_EQ(sigmoid[1], 1);
    EXPECT_EQ(sigmoid[3], Real(0.5));
    EXPECT_EQ(softplus[0], 0);
    EXPECT_EQ(softplus[1], kInfinity);
    for (const auto& values : {tanh, sigmoid, softplus}) EXPECT_TRUE(std::isnan(values[2]));
  }
}

TYPED_TEST(FunctionsTest, NonlinearitiesHaveTheSameBitsInEveryInstructionSet) {
  using Real = TypeParam;
  AlignedVector<Real> z = Arguments<Real>();
  for (const Nonlinearity function : kNonlinearities) {
    const AlignedVector<Real> scalar = Activated(InstructionSet::kScalar, function, z);
    for (const InstructionSet set : InstructionSets()) {
      EXPECT_TRUE(AllSameBits(Activated(set, function, z), scalar)) << int(function);
    }
  }
}

template <typename Real>
Real ReferenceDerivative(Nonlinearity function, Real a) {
  switch (function) {
    case Nonlinearity::kTanh:
      return std::fma(-a, a, Real{1});
    case Nonlinearity::kSigmoid:
      return a * (1 - a);
    case Nonlinearity::kSoftplus:
      return -kernel::Exponential<Lanes<Real>>(-a).MinusOne();
  }
  return 0;
}

TYPED_TEST(FunctionsTest, DerivativesMultiplyAndLeavePaddingAlone) {
  using Real = TypeParam;
  Noise noise(4);
  for (const Nonlinearity function : kNonlinearities) {
    for (int64_t columns = 1; columns <= 40; ++columns) {
      Matrix<Real> a(3, columns);
      a.Fill(noise);
      for (Real& element : a.data) element = std::abs(element);
      Matrix<Real> before(3, columns);
      before.Fill(noise);
      Matrix<Real> expected = before;
      for (int64_t i = 0; i < 3; ++i) {
        for (int64_t j = 0; j < columns; ++j) expected(i, j) *= ReferenceDerivative(function, a(i, j));
      }
      for (const InstructionSet set : InstructionSets()) {
        Matrix<Real> gradient = before;
        KernelsFor<Real>(set).multiply_derivative(function, a.view(), gradient.view());
        ASSERT_TRUE(AllSameBits(gradient.data, expected.data)) << int(function) << ", " << columns;
      }
    }
  }
}

TYPED_TEST(FunctionsTest, NonlinearitiesLeavePaddingAlone) {
  using Real = TypeParam;
  Noise noise(5);
  for (int64_t columns = 1; columns <= 40; ++columns) {
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> z(3, columns);
      z.Fill(noise);
      KernelsFor<Real>(set).activate(Nonlinearity::kSigmoid, z.view());
      for (int64_t i = 0; i < 3; ++i) {
        for (int64_t j = columns; j < z.stride; ++j) ASSERT_EQ(z(i, j), kUntouched<Real>);
      }
    }
  }
}

}  // namespace
}  // namespace trainyard
