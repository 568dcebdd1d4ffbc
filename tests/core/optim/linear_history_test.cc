#include "core/optim/linear_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace trainyard {
namespace {

void ExpectNear(const LinearStep& a, const LinearStep& b, double tolerance) {
  EXPECT_NEAR(a.tt, b.tt, tolerance);
  EXPECT_NEAR(a.tv, b.tv, tolerance);
  EXPECT_NEAR(a.vt, b.vt, tolerance);
  EXPECT_NEAR(a.vv, b.vv, tolerance);
}

// Another one for each `kind`.
LinearStep StepOf(int64_t kind) {
  const double eta = 0.001 * static_cast<double>(1 + kind % 7);
  const double alpha = 0.5 + 0.4 * std::sin(static_cast<double>(kind));
  return {.tt = 1 - eta, .tv = alpha, .vt = -eta, .vv = alpha};
}

LinearStep OneByOne(const std::vector<LinearStep>& steps, size_t begin) {
  LinearStep product;
  for (size_t i = begin; i < steps.size(); ++i) product = steps[i].After(product);
  return product;
}

TEST(LinearPowersTest, ManyStepsAtOnceAreTheStepsOneByOne) {
  const LinearStep step{.tt = 0.999, .tv = 0.9, .vt = -0.001, .vv = 0.9};
  LinearPowers powers(step);
  LinearStep product;
  for (int64_t n = 0; n <= 10000; ++n) {
    ExpectNear(powers.At(n), product, 1e-12);
    ExpectNear(step.Power(n), product, 1e-12);
    product = step.After(product);
  }
  EXPECT_NEAR(powers.At(int64_t{1} << 60).tt, 0, 1e-300);
}

TEST(LinearHistoryTest, TheProductSinceAnyStepIsThatOfTheStepsOneByOne) {
  LinearHistory history(32);
  std::vector<LinearStep> steps;
  // Runs of 1, 2, 3, 1, … equal steps.
  for (int64_t kind = 0; kind < 32; ++kind) {
    for (int64_t i = 0; i <= kind % 3; ++i) {
      steps.push_back(StepOf(kind));
      ASSERT_TRUE(history.Fits(steps.back()));
      history.Append(steps.back());
      ASSERT_EQ(history.now(), static_cast<int64_t>(steps.size()));
      for (size_t begin = 0; begin <= steps.size(); ++begin) {
        ExpectNear(history.Since(static_cast<int64_t>(begin)), OneByOne(steps, begin), 1e-13);
      }
    }
  }
}

TEST(LinearHistoryTest, EqualStepsTakeNoRoom) {
  LinearHistory history(1);
  history.Append(StepOf(0));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(history.Fits(StepOf(0)));
    history.Append(StepOf(0));
  }
  EXPECT_FALSE(history.Fits(StepOf(1)));
}

TEST(LinearHistoryTest, RoomIsRoundedUpToAPowerOfTwo) {
  LinearHistory history(5);
  for (int64_t kind = 0; kind < 8; ++kind) {
    ASSERT_TRUE(history.Fits(StepOf(kind)));
    history.Append(StepOf(kind));
  }
  EXPECT_FALSE(history.Fits(StepOf(8)));
}

TEST(LinearHistoryTest, GoesOnAfterItForgot) {
  LinearHistory history(4);
  for (int64_t kind = 0; kind < 4; ++kind) history.Append(StepOf(kind));
  history.Forget();
  std::vector<LinearStep> steps;
  for (int64_t kind = 10; kind < 14; ++kind) {
    ASSERT_TRUE(history.Fits(StepOf(kind)));
    history.Append(StepOf(kind));
    steps.push_back(StepOf(kind));
    ExpectNear(history.Since(4), OneByOne(steps, 0), 1e-15);
  }
  EXPECT_EQ(history.now(), 8);
}

TEST(LinearHistoryTest, ACopyOfTheStateIsTheSameHistory) {
  LinearHistory history(4);
  LinearHistory copy(4);
  for (int64_t kind = 0; kind < 3; ++kind) history.Append(StepOf(kind));
  std::ranges::copy(history.head_bytes(), copy.head_bytes().begin());
  std::ranges::copy(history.run_bytes(), copy.run_bytes().begin());
  std::ranges::copy(history.product_bytes(), copy.product_bytes().begin());
  history.Append(StepOf(3));
  copy.Append(StepOf(3));
  for (int64_t begin = 0; begin <= 4; ++begin) EXPECT_EQ(history.Since(begin), copy.Since(begin));
}

}  // namespace
}  // namespace trainyard
