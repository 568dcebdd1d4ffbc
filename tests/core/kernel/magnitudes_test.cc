#include <cmath>
#include <limits>

#include "core/kernel/kernels.h"
#include "gtest/gtest.h"
#include "tests/core/kernel/reference.h"

namespace trainyard {
namespace {

template <typename Real>
class MagnitudesTest : public testing::Test {};
using Reals = testing::Types<float, double>;
TYPED_TEST_SUITE(MagnitudesTest, Reals);

template <typename Real>
AlignedVector<Real> RandomVector(int64_t size, uint64_t seed) {
  Noise noise(seed);
  AlignedVector<Real> x;
  for (int64_t i = 0; i < size; ++i) x.push_back(static_cast<Real>(noise()));
  return x;
}

template <typename Real>
double ReferenceSquaredNorm(const AlignedVector<Real>& x) {
  double total = 0;
  for (size_t begin = 0; begin < x.size(); begin += 4096) {
    std::array<Real, 64> chains{};
    for (size_t i = begin; i < std::min(begin + 4096, x.size()); ++i) {
      chains[i % 64] = std::fma(x[i], x[i], chains[i % 64]);
    }
    for (int half = 32; half > 0; half /= 2) {
      for (int c = 0; c < half; ++c) chains[c] += chains[c + half];
    }
    total += chains[0];
  }
  return total;
}

TYPED_TEST(MagnitudesTest, SquaredNormHasTheBitsOfItsDefinition) {
  using Real = TypeParam;
  std::vector<int64_t> sizes = {4095, 4096, 4097, 4160, 8192, 20001};
  for (int64_t size = 0; size <= 200; ++size) sizes.push_back(size);
  for (const int64_t size : sizes) {
    const AlignedVector<Real> x = RandomVector<Real>(size, size + 1);
    for (const InstructionSet set : InstructionSets()) {
      ASSERT_EQ(KernelsFor<Real>(set).squared_norm(x), ReferenceSquaredNorm(x)) << size;
    }
  }
}

TEST(MagnitudesOfFloatsTest, SquaresThatNoFloatHoldsAreSummedInDouble) {
  for (const double unit : {1e-30, 1e-19, 1e19, 3e37}) {
    for (const int64_t size : {1, 15, 16, 100, 5000}) {
      AlignedVector<float> x = RandomVector<float>(size, size + 1);
      double squares = 0;
      for (float& element : x) {
        element *= static_cast<float>(unit);
        squares += static_cast<double>(element) * static_cast<double>(element);
      }
      const double first = KernelsFor<float>(InstructionSets()[0]).squared_norm(x);
      EXPECT_NEAR(first / squares, 1, 1e-6) << unit << " " << size;
      for (const InstructionSet set : InstructionSets()) EXPECT_EQ(KernelsFor<float>(set).squared_norm(x), first);
    }
  }
}

TYPED_TEST(MagnitudesTest, SquaredNormIsFiniteNowhereButWhereAllElementsAre) {
  using Real = TypeParam;
  for (const Real strange : {std::numeric_limits<Real>::quiet_NaN(), -std::numeric_limits<Real>::infinity()}) {
    for (const size_t place : {0, 20, 5000}) {
      AlignedVector<Real> x = RandomVector<Real>(5001, 1);
      x[place] = strange;
      for (const InstructionSet set : InstructionSets()) {
        EXPECT_FALSE(std::isfinite(KernelsFor<Real>(set).squared_norm(x))) << place;
      }
    }
  }
}

TYPED_TEST(MagnitudesTest, LargestMagnitudeIsThatOfTheLargestElementOfEitherSign) {
  using Real = TypeParam;
  Noise noise(3);
  for (int64_t columns = 1; columns <= 40; ++columns) {
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> x(5, columns);
      x.Fill(noise);
      x(columns % 5, columns / 2) = columns % 2 == 0 ? 3 : -3;
      EXPECT_EQ(KernelsFor<Real>(set).largest_magnitude(x.view()), 3) << columns;
    }
  }
}

TYPED_TEST(MagnitudesTest, LargestMagnitudeIsInfinityWhereOneElementIsNotFinite) {
  using Real = TypeParam;
  constexpr Real kInfinity = std::numeric_limits<Real>::infinity();
  for (const Real strange : {std::numeric_limits<Real>::quiet_NaN(), kInfinity, -kInfinity}) {
    for (int64_t column = 0; column < 21; ++column) {
      for (const InstructionSet set : InstructionSets()) {
        Matrix<Real> x(2, 21);
        for (int64_t j = 0; j < 21; ++j) x(0, j) = x(1, j) = 1;
        x(column % 2, column) = strange;
        EXPECT_EQ(KernelsFor<Real>(set).largest_magnitude(x.view()), kInfinity);
      }
    }
  }
}

TYPED_TEST(MagnitudesTest, GatherRowsCopiesWholeCacheLines) {
  using Real = TypeParam;
  constexpr int64_t kLine = 64 / sizeof(Real);
  Noise noise(7);
  const std::vector<uint32_t> rows = {4, 0, 4, 2};
  for (int64_t columns = 1; columns <= 3 * kLine; ++columns) {
    const int64_t copied = (columns + kLine - 1) / kLine * kLine;
    Matrix<Real> from(5, 3 * kLine);
    from.Fill(noise);
    for (const InstructionSet set : InstructionSets()) {
      Matrix<Real> to(4, 3 * kLine, 0);
      KernelsFor<Real>(set).gather_rows(from.data.data(), from.stride, rows, {to.data.data(), 4, columns, to.stride});
      for (int64_t i = 0; i < 4; ++i) {
        for (int64_t j = 0; j < to.columns; ++j) {
          EXPECT_EQ(to(i, j), j < copied ? from(rows[i], j) : kUntouched<Real>) << i << " " << j;
        }
      }
    }
  }
}

TYPED_TEST(MagnitudesTest, OfNothingTheyAreZero) {
  using Real = TypeParam;
  for (const InstructionSet set : InstructionSets()) {
    EXPECT_EQ(KernelsFor<Real>(set).squared_norm({}), 0);
    EXPECT_EQ(KernelsFor<Real>(set).largest_magnitude({}), 0);
  }
}

}  // namespace
}  // namespace trainyard
