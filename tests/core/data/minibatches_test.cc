#include "core/data/minibatches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/base/status.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;

std::vector<uint32_t> EvenRows(uint32_t count) {
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < count; ++i) rows.push_back(2 * i);
  return rows;
}

std::vector<uint32_t> Epoch(Minibatches& minibatches, int64_t epoch) {
  std::vector<uint32_t> rows;
  for (int64_t i = 0; i < minibatches.steps_per_epoch(); ++i) {
    const std::span<const uint32_t> batch = minibatches.At(epoch * minibatches.steps_per_epoch() + i);
    rows.insert(rows.end(), batch.begin(), batch.end());
  }
  return rows;
}

std::vector<uint32_t> Batch(Minibatches& minibatches, int64_t step) {
  const std::span<const uint32_t> batch = minibatches.At(step);
  return {batch.begin(), batch.end()};
}

TEST(MinibatchesTest, SizeIs32OrAllRowsByDefault) {
  EXPECT_EQ(Minibatches({}, EvenRows(100), 1).size(), 32);
  EXPECT_EQ(Minibatches({}, EvenRows(10), 1).size(), 10);
}

TEST(MinibatchesTest, InOrderTakesTheOrderOfTheDataset) {
  Minibatches minibatches({.batch = int64_t{2}, .order = InOrder()}, EvenRows(5), 1);
  EXPECT_THAT(Batch(minibatches, 0), ElementsAre(0, 2));
  EXPECT_THAT(Batch(minibatches, 2), ElementsAre(8));
  EXPECT_THAT(Batch(minibatches, 3), ElementsAre(0, 2));
}

TEST(MinibatchesTest, TheLastOfAnEpochMayBeShorter) {
  Minibatches minibatches({.batch = int64_t{32}}, EvenRows(100), 1);
  EXPECT_EQ(minibatches.steps_per_epoch(), 4);
  EXPECT_EQ(minibatches.At(3).size(), 4u);
  EXPECT_EQ(minibatches.At(4).size(), 32u);
}

TEST(MinibatchesTest, ExamplesBeforeCountsShortMinibatches) {
  const Minibatches minibatches({.batch = int64_t{32}}, EvenRows(100), 1);
  EXPECT_EQ(minibatches.ExamplesBefore(0), 0);
  EXPECT_EQ(minibatches.ExamplesBefore(3), 96);
  EXPECT_EQ(minibatches.ExamplesBefore(4), 100);
  EXPECT_EQ(minibatches.ExamplesBefore(9), 232);
}

TEST(MinibatchesTest, EveryEpochIsAPermutationOfItsOwn) {
  Minibatches minibatches({.batch = int64_t{7}}, EvenRows(50), 1);
  std::vector<std::vector<uint32_t>> epochs;
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    std::vector<uint32_t> rows = Epoch(minibatches, epoch);
    EXPECT_THAT(epochs, testing::Not(testing::Contains(rows)));
    epochs.push_back(rows);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, EvenRows(50));
  }
}

TEST(MinibatchesTest, SeedDecidesThePermutation) {
  Minibatches one({.batch = int64_t{7}}, EvenRows(50), 1);
  Minibatches same({.batch = int64_t{7}}, EvenRows(50), 1);
  Minibatches other({.batch = int64_t{7}}, EvenRows(50), 2);
  EXPECT_EQ(Epoch(one, 3), Epoch(same, 3));
  EXPECT_NE(Epoch(one, 3), Epoch(other, 3));
}

TEST(MinibatchesTest, ShuffledOnceIsTheSamePermutationInEachEpoch) {
  Minibatches minibatches({.batch = int64_t{7}, .order = ShuffledOnce()}, EvenRows(50), 1);
  std::vector<uint32_t> rows = Epoch(minibatches, 0);
  EXPECT_NE(rows, EvenRows(50));
  EXPECT_EQ(Epoch(minibatches, 1), rows);
  EXPECT_EQ(Epoch(minibatches, 9), rows);
  EXPECT_THAT(rows, UnorderedElementsAreArray(EvenRows(50)));
}

TEST(MinibatchesTest, FollowingRowsAreThoseOfTheNextStepsOfTheEpoch) {
  for (const MinibatchOrder& order :
       {MinibatchOrder(Permutation()), MinibatchOrder(InOrder()), MinibatchOrder(Windowed{8})}) {
    Minibatches minibatches({.batch = int64_t{7}, .order = order}, EvenRows(50), 1);
    const std::vector<uint32_t> epoch = Epoch(minibatches, 0);
    for (int64_t step = 0; step < minibatches.steps_per_epoch(); ++step) {
      minibatches.At(step);
      const std::span<const uint32_t> following = minibatches.Following(10);
      const size_t first = std::min<size_t>(static_cast<size_t>(7 * (step + 1)), 50);
      ASSERT_EQ(following.size(), std::min<size_t>(10, 50 - first));
      EXPECT_TRUE(std::ranges::equal(following, std::span(epoch).subspan(first, following.size()))) << step;
    }
  }
}

TEST(MinibatchesTest, FollowingRowsThatAreNotDrawnYetAreNotTold) {
  Minibatches minibatches({.batch = int64_t{7}, .order = WithReplacement()}, EvenRows(50), 1);
  minibatches.At(0);
  EXPECT_TRUE(minibatches.Following(10).empty());
}

TEST(MinibatchesTest, EachWindowLongerThanAMinibatchIsToldOnceAsNextAndEpochsEndNothing) {
  struct Case {
    int64_t batch;
    uint32_t rows;
  };
  for (const Case& c : {Case{1, 50}, Case{2, 50}, Case{3, 48}, Case{7, 48}}) {
    Minibatches minibatches({.batch = c.batch, .order = Windowed{8}}, EvenRows(c.rows), 1);
    std::vector<std::set<uint32_t>> told;
    std::vector<std::set<uint32_t>> seen;
    const auto window_of = [](uint32_t row) { return row / 2 / 8; };
    for (int64_t step = 0; step < 20 * minibatches.steps_per_epoch(); ++step) {
      const bool epoch_begins = step % minibatches.steps_per_epoch() == 0;
      for (bool first = epoch_begins; const uint32_t row : minibatches.At(step)) {
        if (first || window_of(row) != window_of(*seen.back().begin())) seen.emplace_back();
        seen.back().insert(row);
        first = false;
      }
      const std::span<const uint32_t> next = minibatches.NextWindow(1);
      if (!next.empty()) told.emplace_back(next.begin(), next.end());
    }
    ASSERT_EQ(told.size(), seen.size()) << c.batch;
    for (size_t i = 1; i < seen.size(); ++i) EXPECT_EQ(told[i - 1], seen[i]) << c.batch << " " << i;
  }
}

TEST(MinibatchesTest, TheWindowAfterTheNextIsTheNextOneStepLater) {
  Minibatches minibatches({.batch = int64_t{8}, .order = Windowed{8}}, EvenRows(48), 1);
  for (int64_t step = 0; step < 5 * minibatches.steps_per_epoch(); ++step) {
    minibatches.At(step);
    const std::span<const uint32_t> second = minibatches.NextWindow(2);
    const std::vector<uint32_t> seen(second.begin(), second.end());
    minibatches.At(step + 1);
    const std::span<const uint32_t> next = minibatches.NextWindow(1);
    EXPECT_THAT(seen, testing::ElementsAreArray(next.begin(), next.end())) << step;
  }
}

TEST(MinibatchesTest, WindowedIsAPermutationOfAllRowsInEachEpoch) {
  Minibatches minibatches({.batch = int64_t{7}, .order = Windowed{8}}, EvenRows(50), 1);
  std::vector<std::vector<uint32_t>> epochs;
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    const std::vector<uint32_t> rows = Epoch(minibatches, epoch);
    EXPECT_THAT(rows, UnorderedElementsAreArray(EvenRows(50)));
    EXPECT_THAT(epochs, testing::Not(testing::Contains(rows)));
    epochs.push_back(rows);
  }
}

// The windows, in the order in which they come, of an epoch of windows of 8 from 50 rows; fails where rows of two windows mix.
std::vector<uint32_t> WindowsOf(const std::vector<uint32_t>& epoch) {
  std::vector<uint32_t> windows;
  for (size_t i = 0; i < epoch.size();) {
    const uint32_t window = epoch[i] / 2 / 8;
    const size_t size = window == 6 ? 2 : 8;
    for (size_t k = 0; k < size; ++k) EXPECT_EQ(epoch[i + k] / 2 / 8, window);
    windows.push_back(window);
    i += size;
  }
  return windows;
}

TEST(MinibatchesTest, WindowsComeOneAfterTheOtherInAnOrderOfEachEpoch) {
  Minibatches minibatches({.batch = int64_t{7}, .order = Windowed{8}}, EvenRows(50), 1);
  const std::vector<uint32_t> first = WindowsOf(Epoch(minibatches, 0));
  const std::vector<uint32_t> second = WindowsOf(Epoch(minibatches, 1));
  EXPECT_THAT(first, UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_THAT(second, UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_NE(first, second);
}

TEST(MinibatchesTest, RowsOfAWindowArePermutedAnewInEachEpoch) {
  Minibatches minibatches({.batch = int64_t{5}, .order = Windowed{1000}}, EvenRows(50), 1);
  EXPECT_NE(Epoch(minibatches, 0), EvenRows(50));
  EXPECT_NE(Epoch(minibatches, 0), Epoch(minibatches, 1));
}

TEST(MinibatchesTest, WindowsOfOneRowAreAPermutation) {
  Minibatches windowed({.batch = int64_t{7}, .order = Windowed{1}}, EvenRows(50), 1);
  Minibatches permutation({.batch = int64_t{7}}, EvenRows(50), 1);
  EXPECT_EQ(Epoch(windowed, 4), Epoch(permutation, 4));
}

// 2,000 minibatches of 50 draws from 100 rows.
Minibatches Draws(uint64_t seed = 7) {
  return Minibatches({.batch = int64_t{50}, .order = WithReplacement()}, EvenRows(100), seed);
}

// The statistic of Pearson's test that all of `counts` have the same expectation.
double ChiSquare(const std::vector<int64_t>& counts) {
  const double expected = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0})) /
                          static_cast<double>(counts.size());
  double sum = 0;
  for (const int64_t count : counts) sum += std::pow(static_cast<double>(count) - expected, 2) / expected;
  return sum;
}

// The 0.999 quantile of chi-square with 99 degrees of freedom.
constexpr double kQuantile = 148.23;

TEST(WithReplacementTest, EachRowIsDrawnAsOften) {
  Minibatches minibatches = Draws();
  std::vector<int64_t> counts(100);
  for (int64_t step = 0; step < 2000; ++step) {
    for (const uint32_t row : minibatches.At(step)) ++counts[row / 2];
  }
  EXPECT_LT(ChiSquare(counts), kQuantile);
}

TEST(WithReplacementTest, NeighboursInAMinibatchAreIndependent) {
  Minibatches minibatches = Draws();
  std::vector<int64_t> counts(100);
  for (int64_t step = 0; step < 2000; ++step) {
    const std::span<const uint32_t> rows = minibatches.At(step);
    for (size_t i = 0; i < rows.size(); i += 2) ++counts[rows[i] / 20 * 10 + rows[i + 1] / 20];
  }
  EXPECT_LT(ChiSquare(counts), kQuantile);
}

TEST(WithReplacementTest, NeighbouringStepsAreIndependent) {
  Minibatches minibatches = Draws();
  std::vector<int64_t> counts(100);
  for (int64_t step = 0; step < 2000; step += 2) {
    const std::vector<uint32_t> rows = Batch(minibatches, step);
    const std::span<const uint32_t> next = minibatches.At(step + 1);
    for (size_t i = 0; i < rows.size(); ++i) ++counts[rows[i] / 20 * 10 + next[i] / 20];
  }
  EXPECT_LT(ChiSquare(counts), kQuantile);
}

TEST(WithReplacementTest, EveryMinibatchIsWhole) {
  Minibatches minibatches({.batch = int64_t{32}, .order = WithReplacement()}, EvenRows(100), 1);
  EXPECT_EQ(minibatches.steps_per_epoch(), 4);
  for (int64_t step = 0; step < 9; ++step) EXPECT_EQ(minibatches.At(step).size(), 32u);
  EXPECT_EQ(minibatches.ExamplesBefore(9), 9 * 32);
}

TEST(WithReplacementTest, AMinibatchAsLargeAsAllRowsIsDrawnAsWell) {
  Minibatches minibatches({.batch = int64_t{100}, .order = WithReplacement()}, EvenRows(100), 1);
  std::vector<uint32_t> rows = Batch(minibatches, 0);
  std::sort(rows.begin(), rows.end());
  EXPECT_NE(std::adjacent_find(rows.begin(), rows.end()), rows.end());
}

TEST(MinibatchesTest, DropLastLeavesOutTheShorterMinibatch) {
  Minibatches minibatches({.batch = int64_t{32}, .drop_last = true}, EvenRows(100), 1);
  EXPECT_EQ(minibatches.steps_per_epoch(), 3);
  for (int64_t step = 0; step < 7; ++step) EXPECT_EQ(minibatches.At(step).size(), 32u);
  EXPECT_EQ(minibatches.ExamplesBefore(3), 96);
  EXPECT_EQ(minibatches.ExamplesBefore(7), 7 * 32);
}

TEST(MinibatchesTest, DropLastChangesNothingWhereAllMinibatchesAreWhole) {
  Minibatches dropping({.batch = int64_t{25}, .drop_last = true}, EvenRows(100), 1);
  Minibatches keeping({.batch = int64_t{25}}, EvenRows(100), 1);
  EXPECT_EQ(dropping.steps_per_epoch(), 4);
  EXPECT_EQ(Epoch(dropping, 2), Epoch(keeping, 2));
}

TEST(MinibatchesTest, WithDropLastOtherRowsAreLeftOutInEachEpoch) {
  Minibatches minibatches({.batch = int64_t{32}, .drop_last = true}, EvenRows(100), 1);
  std::set<uint32_t> seen;
  for (int64_t epoch = 0; epoch < 10; ++epoch) {
    const std::vector<uint32_t> rows = Epoch(minibatches, epoch);
    seen.insert(rows.begin(), rows.end());
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(MinibatchesTest, InEachOrderAnyStepCanBeAskedForAndTheSeedDecides) {
  for (const MinibatchOrder& order : {MinibatchOrder(Permutation()), MinibatchOrder(ShuffledOnce()),
                                      MinibatchOrder(Windowed{6}), MinibatchOrder(WithReplacement())}) {
    for (const bool drop_last : {false, true}) {
      const MinibatchOptions options{.batch = int64_t{3}, .order = order, .drop_last = drop_last};
      Minibatches forward(options, EvenRows(20), 5);
      std::vector<std::vector<uint32_t>> batches;
      for (int64_t step = 0; step < 40; ++step) batches.push_back(Batch(forward, step));
      Minibatches backward(options, EvenRows(20), 5);
      for (int64_t step = 39; step >= 0; --step) EXPECT_EQ(Batch(backward, step), batches[static_cast<size_t>(step)]);
      for (const int64_t step : {0, 0, 1, 5, 6, 13, 14, 7, 8}) {
        EXPECT_EQ(Batch(forward, step), batches[static_cast<size_t>(step)]) << step;
      }
      Minibatches other(options, EvenRows(20), 6);
      EXPECT_NE(Epoch(other, 0), Epoch(forward, 0));
    }
  }
}

TEST(MinibatchesTest, FullBatchIsAllRowsAscending) {
  Minibatches minibatches({.batch = FullBatch()}, EvenRows(5), 1);
  EXPECT_EQ(minibatches.steps_per_epoch(), 1);
  EXPECT_THAT(Batch(minibatches, 7), ElementsAre(0, 2, 4, 6, 8));
}

TEST(MinibatchesTest, SizeIsFromOneToTheRows) {
  EXPECT_EQ(Validate({.batch = int64_t{0}}, std::nullopt).message(), "size = 0, must be at least 1");
  EXPECT_EQ(Validate({.batch = int64_t{11}}, 10).message(),
            "size = 11, must be at most 10, the size of the training part");
  EXPECT_EQ(ErrorField(Validate({.batch = int64_t{11}}, 10)), "size");
  EXPECT_TRUE(Validate({.batch = int64_t{10}}, 10).ok());
  EXPECT_TRUE(Validate({.batch = int64_t{11}}, std::nullopt).ok());
  EXPECT_TRUE(Validate({.batch = FullBatch()}, 1).ok());
  EXPECT_EQ(ErrorField(Validate({.batch = int64_t{11}, .drop_last = true}, 10)), "size");
}

TEST(MinibatchesTest, AWindowHasAtLeastOneRow) {
  EXPECT_EQ(Validate({.order = Windowed{0}}, std::nullopt).message(), "windowed.rows = 0, must be at least 1");
  EXPECT_EQ(ErrorField(Validate({.order = Windowed{-1}}, 10)), "windowed.rows");
  EXPECT_TRUE(Validate({.order = Windowed{std::numeric_limits<int64_t>::max()}}, 10).ok());
}

TEST(MinibatchesTest, AFullBatchIsNotDrawn) {
  const absl::Status status = Validate({.batch = FullBatch(), .order = WithReplacement()}, 10);
  EXPECT_EQ(status.message(),
            "with_replacement = set, must be left out with full_batch, which takes each example once; give a size to "
            "draw as many");
  EXPECT_EQ(ErrorField(status), "with_replacement");
}

}  // namespace
}  // namespace trainyard
