#include "core/train/budget.h"

#include <limits>

#include "core/base/status.h"
#include "core/data/minibatches.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

TEST(BudgetTest, IsTenEpochsWhereNothingIsGiven) {
  EXPECT_EQ(WithDefault({}).epochs, 10);
  EXPECT_EQ(WithDefault({.steps = 3}).epochs, std::nullopt);
}

TEST(BudgetTest, TheFirstLimitCounts) {
  const StepLimit limit = *FirstLimit({.steps = 100, .epochs = 2, .examples = 1000}, 64, 32);
  EXPECT_EQ(limit.steps, 4);
  EXPECT_EQ(limit.reason, StopReason::kEpochs);
}

TEST(BudgetTest, ExamplesAreRoundedUpToWholeSteps) {
  // Minibatches of an epoch of 10 rows: 4, 4, 2.
  EXPECT_EQ(FirstLimit({.examples = 1}, 10, 4)->steps, 1);
  EXPECT_EQ(FirstLimit({.examples = 8}, 10, 4)->steps, 2);
  EXPECT_EQ(FirstLimit({.examples = 9}, 10, 4)->steps, 3);
  EXPECT_EQ(FirstLimit({.examples = 10}, 10, 4)->steps, 3);
  EXPECT_EQ(FirstLimit({.examples = 11}, 10, 4)->steps, 4);
}

TEST(BudgetTest, TheStepsOfABudgetOfExamplesHaveSeenThem) {
  Minibatches minibatches({.batch = int64_t{4}}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 1);
  for (int64_t examples = 1; examples < 40; ++examples) {
    const int64_t steps = FirstLimit({.examples = examples}, 10, 4)->steps;
    EXPECT_GE(minibatches.ExamplesBefore(steps), examples);
    EXPECT_LT(minibatches.ExamplesBefore(steps - 1), examples);
  }
}

TEST(BudgetTest, TimeAloneIsNoLimitInSteps) {
  EXPECT_EQ(FirstLimit({.running_time = absl::Seconds(1)}, 10, 4), std::nullopt);
}

TEST(BudgetTest, AProductThatOverflowsIsTheLargestNumberOfSteps) {
  EXPECT_EQ(FirstLimit({.epochs = 1'000'000'000'000'000}, 4'000'000'000, 1)->steps,
            std::numeric_limits<int64_t>::max());
}

TEST(BudgetTest, NamesTheFirstLimitOutOfRange) {
  EXPECT_EQ(Validate(BudgetOptions{.steps = 0}).message(), "steps = 0, must be in 1..1000000000000000");
  EXPECT_EQ(Validate(BudgetOptions{.epochs = -1}).message(), "epochs = -1, must be in 1..1000000000000000");
  EXPECT_EQ(Validate(BudgetOptions{.running_time = absl::ZeroDuration()}).message(),
            "running_time = 0, must be positive");
}

}  // namespace
}  // namespace trainyard
