#include "core/loss/exp.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(ExpTest, IsExactToFewUnitsOfTheLastPlace) {
  double error = 0;
  for (int i = -708 * 256; i <= 708 * 256; ++i) {
    const double x = i / 256.0 + 1e-4;
    const long double expected = std::exp(static_cast<long double>(x));
    error = std::max(error, static_cast<double>(std::fabs((Exp(x) - expected) / expected)));
  }
  EXPECT_LT(error, 0x1p-50);
  EXPECT_EQ(Exp(0), 1);
}

TEST(ExpTest, BeyondAllNumbersAndOfNone) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Exp(709), kInfinity);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_EQ(Exp(-709), 0);
  EXPECT_EQ(Exp(-kInfinity), 0);
  EXPECT_TRUE(std::isnan(Exp(std::numeric_limits<double>::quiet_NaN())));
}

}  // namespace
}  // namespace trainyard
