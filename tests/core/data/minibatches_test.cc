#include "core/data/minibatches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/base/status.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

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

TEST(MinibatchesTest, AnyStepCanBeAskedForInAnyOrder) {
  Minibatches forward({.batch = int64_t{3}}, EvenRows(20), 5);
  std::vector<std::vector<uint32_t>> batches;
  for (int64_t step = 0; step < 40; ++step) batches.push_back(Batch(forward, step));
  Minibatches backward({.batch = int64_t{3}}, EvenRows(20), 5);
  for (int64_t step = 39; step >= 0; --step) EXPECT_EQ(Batch(backward, step), batches[static_cast<size_t>(step)]);
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
}

}  // namespace
}  // namespace trainyard
