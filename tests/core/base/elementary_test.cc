#include "core/base/elementary.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include "core/base/flush_denormals.h"
#include "core/base/random.h"
#include "gtest/gtest.h"

namespace trainyard {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLeastNormal = std::numeric_limits<double>::min();
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr int kArguments = 200'000;

// Numbers in [0, 1) that are the same in each run.
double Uniform(uint64_t index) { return RandomStream(1, RandomPurpose::kProjection, 0).Uniform(index); }

// In units in the last place of `exact`.
double Error(double value, long double exact) {
  const double magnitude = std::abs(static_cast<double>(exact));
  const double unit = std::nextafter(magnitude, kInfinity) - magnitude;
  return static_cast<double>(std::abs(value - exact) / unit);
}

// e^x, x of all magnitudes.
double Positive(uint64_t index) { return std::exp(1400 * (Uniform(index) - 0.5)); }

TEST(ElementaryTest, ALogarithmIsOffByLessThanAUnitInTheLastPlace) {
  double largest = 0;
  for (int i = 0; i < kArguments; ++i) {
    const double near_one = 1 + (Uniform(i) - 0.5) * std::ldexp(1.0, -(i % 50));
    for (const double x : {Positive(i), near_one}) {
      if (x != 1) largest = std::max(largest, Error(Log(x), std::log(static_cast<long double>(x))));
    }
  }
  EXPECT_LT(largest, 0.6);
}

TEST(ElementaryTest, APowerIsOffByLessThanAUnitInTheLastPlace) {
  double largest = 0;
  for (int i = 0; i < kArguments; ++i) {
    const double x = i % 2 == 0 ? Uniform(2 * i) : Positive(2 * i);
    const double y = 1400 / std::log(x) * (Uniform(2 * i + 1) - 0.5);
    const long double exact = std::pow(static_cast<long double>(x), static_cast<long double>(y));
    if (exact >= kLeastNormal && exact <= kLargest) largest = std::max(largest, Error(PowersOf(x)(y), exact));
  }
  EXPECT_LT(largest, 0.75);
}

TEST(ElementaryTest, ACosineIsOffByLessThanAUnitInTheLastPlace) {
  double largest = 0;
  for (int i = 0; i < kArguments; ++i) {
    const double a = 8 * (Uniform(i) - 0.5);
    // Exact until here: a less its nearest number of quarters of a turn.
    const double quarters = std::nearbyint(2 * a);
    const long double angle = std::numbers::pi_v<long double> * static_cast<long double>(a - quarters / 2);
    const int turn = static_cast<int>(quarters) & 3;
    const long double magnitude = turn % 2 == 0 ? std::cos(angle) : std::sin(angle);
    largest = std::max(largest, Error(CosOfPi(a), turn == 1 || turn == 2 ? -magnitude : magnitude));
  }
  EXPECT_LT(largest, 0.95);
}

TEST(ElementaryTest, PowersThatAreDoublesAreExact) {
  for (int n = -1022; n < 1024; ++n) {
    ASSERT_EQ(PowersOf(2)(n), std::ldexp(1.0, n));
    ASSERT_EQ(PowersOf(0.5)(-n), std::ldexp(1.0, n));
  }
  for (int base = 3; base < 100; ++base) {
    double power = 1;
    for (int n = 0; power <= 0x1p53; ++n, power *= base) {
      ASSERT_EQ(PowersOf(base)(n), power);
      ASSERT_EQ(PowersOf(std::ldexp(power, 2 * n))(1), std::ldexp(power, 2 * n));
    }
  }
}

TEST(ElementaryTest, EndsOfTheRange) {
  EXPECT_EQ(Log(0), -kInfinity);
  EXPECT_EQ(Log(kLeastNormal / 2), -kInfinity);
  EXPECT_EQ(Log(1), 0);
  EXPECT_EQ(Log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Log(-1)));
  EXPECT_TRUE(std::isnan(Log(NAN)));

  EXPECT_EQ(PowersOf(0)(0), 1);
  EXPECT_EQ(PowersOf(0)(2), 0);
  EXPECT_EQ(PowersOf(0)(-2), kInfinity);
  EXPECT_EQ(PowersOf(1)(1e300), 1);
  EXPECT_EQ(PowersOf(2)(1023), 0x1p1023);
  EXPECT_EQ(PowersOf(2)(1024), kInfinity);
  EXPECT_EQ(PowersOf(2)(-1022), kLeastNormal);
  EXPECT_EQ(PowersOf(2)(-1023), 0);
  EXPECT_EQ(PowersOf(0.5)(1e300), 0);
  EXPECT_EQ(PowersOf(3)(1e300), kInfinity);
  EXPECT_TRUE(std::isnan(PowersOf(2)(NAN)));
  EXPECT_TRUE(std::isnan(PowersOf(-2)(2)));

  EXPECT_EQ(CosOfPi(0), 1);
  EXPECT_EQ(CosOfPi(1), -1);
  EXPECT_EQ(CosOfPi(-1), -1);
  EXPECT_EQ(CosOfPi(0.5), 0);
  EXPECT_EQ(CosOfPi(-1.5), 0);
  EXPECT_EQ(CosOfPi(0x1p50), 1);
  EXPECT_EQ(CosOfPi(0x1p50 + 1), -1);
}

TEST(ElementaryTest, DenormalNumbersThatAreFlushedChangeNothing) {
  const auto values = [] {
    std::vector<double> all;
    for (int i = 0; i < 10'000; ++i) {
      const double near_one = 1 + Uniform(i) * std::ldexp(1.0, -(i % 53));
      all.push_back(Log(near_one));
      all.push_back(PowersOf(near_one)(-700 / Log(near_one)));
      all.push_back(PowersOf(2)(-1020 - 5 * Uniform(i)));
      all.push_back(CosOfPi(0.5 + std::ldexp(1.0, -(i % 53))));
    }
    return all;
  };
  const std::vector<double> kept = values();
  const FlushDenormals flushed;
  EXPECT_TRUE(kept == values());
}

}  // namespace
}  // namespace trainyard
