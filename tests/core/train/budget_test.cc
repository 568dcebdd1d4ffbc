#include "core/train/budget.h"

#include <limits>

#include "core/base/status.h"
#include "core/data/minibatches.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

// Minibatches of 4, 4 and 2 examples.
const Epoch kEpoch = EpochOf({.batch = int64_t{4}}, 10);

TEST(BudgetTest, IsTenEpochsWhereNothingIsGiven) {
  EXPECT_EQ(WithDefault({}).epochs, 10);
  EXPECT_EQ(WithDefault({.steps = 3}).epochs, std::nullopt);
}

TEST(BudgetTest, TheFirstLimitCounts) {
  const StepLimit limit =
      *FirstLimit({.steps = 100, .epochs = 2, .examples = 1000}, EpochOf({.batch = int64_t{32}}, 64));
  EXPECT_EQ(limit.steps, 4);
  EXPECT_EQ(limit.reason, StopReason::kEpochs);
}

TEST(BudgetTest, ExamplesAreRoundedUpToWholeSteps) {
  EXPECT_EQ(FirstLimit({.examples = 1}, kEpoch)->steps, 1);
  EXPECT_EQ(FirstLimit({.examples = 8}, kEpoch)->steps, 2);
  EXPECT_EQ(FirstLimit({.examples = 9}, kEpoch)->steps, 3);
  EXPECT_EQ(FirstLimit({.examples = 10}, kEpoch)->steps, 3);
  EXPECT_EQ(FirstLimit({.examples = 11}, kEpoch)->steps, 4);
}

TEST(BudgetTest, TheStepsOfABudgetOfExamplesHaveSeenThem) {
  std::vector<uint32_t> rows(10);
  for (const MinibatchOptions& options :
       {MinibatchOptions{.batch = int64_t{4}}, MinibatchOptions{.batch = int64_t{4}, .drop_last = true},
        MinibatchOptions{.batch = int64_t{4}, .order = WithReplacement()}}) {
    const Minibatches minibatches(options, rows, 1);
    for (int64_t examples = 1; examples < 40; ++examples) {
      const int64_t steps = FirstLimit({.examples = examples}, EpochOf(options, 10))->steps;
      EXPECT_GE(minibatches.ExamplesBefore(steps), examples);
      EXPECT_LT(minibatches.ExamplesBefore(steps - 1), examples);
    }
  }
}

TEST(BudgetTest, EpochsAreShorterWhereTheLastMinibatchIsLeftOut) {
  EXPECT_EQ(FirstLimit({.epochs = 5}, EpochOf({.batch = int64_t{4}, .drop_last = true}, 10))->steps, 10);
}

TEST(BudgetTest, TimeAloneIsNoLimitInSteps) {
  EXPECT_EQ(FirstLimit({.running_time = absl::Seconds(1)}, kEpoch), std::nullopt);
}

TEST(BudgetTest, AProductThatOverflowsIsTheLargestNumberOfSteps) {
  EXPECT_EQ(FirstLimit({.epochs = 1'000'000'000'000'000}, EpochOf({.batch = int64_t{1}}, 4'000'000'000))->steps,
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
