#include "core/train/overflow_guard.h"

#include <gtest/gtest.h>

#include <limits>

namespace trainyard {
namespace {

constexpr double kAnything = std::numeric_limits<double>::infinity();

std::span<const double> Unknown() {
  ADD_FAILURE() << "the parameters need not be looked at";
  return {};
}

TEST(OverflowGuardTest, TheBoundOfThePointFollowsTheMoves) {
  const std::vector<double> theta = {0.5, -1};
  OverflowGuard<double> guard;
  guard.Begin(theta, {}, 0);
  const StepRates rates{.learning_rate = 0.1, .momentum = 0};
  guard.BeforeMove(Unknown, rates, 20);
  guard.AfterMove(rates, 10);
  EXPECT_EQ(guard.PointBound(Unknown, kAnything), 1 + 0.1 * 10 + 0.1 * 10);
}

// All squares of its elements were 0.
TEST(OverflowGuardTest, ANormOfZeroDoesNotSayThatNothingMoved) {
  const std::vector<double> theta = {0};
  OverflowGuard<double> guard;
  guard.Begin(theta, {}, 0);
  const StepRates rates{.learning_rate = 1e200, .momentum = 0};
  guard.BeforeMove(Unknown, rates, 1e-160);
  guard.AfterMove(rates, 0);
  EXPECT_GE(guard.PointBound(Unknown, kAnything), 1e200 * 1e-160);
}

TEST(OverflowGuardTest, ParametersThatMayOverflowAreKeptAndPutBack) {
  std::vector<double> theta = {1e300};
  OverflowGuard<double> guard;
  guard.Begin(theta, {}, 0);
  const StepRates rates{.learning_rate = 1e200, .momentum = 0};
  guard.BeforeMove([&]() -> std::span<const double> { return theta; }, rates, 1e120);
  theta[0] = kAnything;
  EXPECT_TRUE(guard.Restore(theta));
  EXPECT_EQ(theta[0], 1e300);
  EXPECT_FALSE(guard.Restore(theta));
}

}  // namespace
}  // namespace trainyard
