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
  guard.BeforeMove(Unknown, {}, rates, 20);
  guard.AfterMove(rates, 10);
  EXPECT_EQ(guard.PointBound(Unknown, kAnything), 1 + 0.1 * 10 + 0.1 * 10);
}

// All squares of its elements were 0.
TEST(OverflowGuardTest, ANormOfZeroDoesNotSayThatNothingMoved) {
  const std::vector<double> theta = {0};
  OverflowGuard<double> guard;
  guard.Begin(theta, {}, 0);
  const StepRates rates{.learning_rate = 1e200, .momentum = 0};
  guard.BeforeMove(Unknown, {}, rates, 1e-160);
  guard.AfterMove(rates, 0);
  EXPECT_GE(guard.PointBound(Unknown, kAnything), 1e200 * 1e-160);
}

TEST(OverflowGuardTest, ParametersThatMayOverflowAreKeptUntilThereAreOthersThatAreFinite) {
  std::vector<double> theta = {1e300};
  OverflowGuard<double> guard;
  guard.Begin(theta, {}, 0);
  const StepRates rates{.learning_rate = 1e200, .momentum = 0};
  const auto parameters = [&]() -> std::span<const double> { return theta; };
  guard.BeforeMove(parameters, {.step = 7}, rates, 1e120);
  EXPECT_EQ(guard.LastFinite(theta), nullptr);
  theta[0] = kAnything;
  guard.AfterMove(rates, 1e120);
  guard.BeforeMove(parameters, {.step = 8}, rates, 1e120);
  ASSERT_NE(guard.LastFinite(theta), nullptr);
  EXPECT_EQ(guard.LastFinite(theta)->made.step, 7);
  EXPECT_EQ(guard.LastFinite(theta)->parameters[0], 1e300);
}

}  // namespace
}  // namespace trainyard
