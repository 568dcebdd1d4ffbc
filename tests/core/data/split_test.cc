#include "core/data/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/base/random.h"
#include "core/base/status.h"
#include "core/data/apportion.h"
#include "tests/core/data/building.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Classes "0", "1", … of the sizes given, in turn; one numeric feature.
std::shared_ptr<const Dataset> Classes(const std::vector<int>& sizes) {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;
  for (size_t i = 0; i < sizes.size(); ++i) {
    names.push_back(std::to_string(i));
    for (int j = 0; j < sizes[i]; ++j) rows.push_back({1, static_cast<double>(i)});
  }
  return Rows({Numeric("x"), Categorical("y", names, ColumnRole::kTarget)}, rows);
}

std::shared_ptr<const Dataset> Numbers(int count) {
  return Rows({Numeric("x"), Numeric("y", ColumnRole::kTarget)},
              std::vector<std::vector<double>>(static_cast<size_t>(count), {1, 2}));
}

std::string MessageOf(const Dataset& dataset, const SplitOptions& options) {
  return std::string(MakeSplit(dataset, 1, options, 1).status().message());
}

TEST(SplitTest, WithoutFractionsAllRowsTrain) {
  const Split split = *MakeSplit(*Classes({2, 2}), 1, {}, 1);
  EXPECT_THAT(split.training, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(split.validation, IsEmpty());
  EXPECT_THAT(split.test, IsEmpty());
}

TEST(SplitTest, PartsAreAscendingDisjointAndComplete) {
  const Split split = *MakeSplit(*Classes({33, 41, 7}), 1, {.validation_fraction = 0.2, .test_fraction = 0.3}, 1);
  std::multiset<uint32_t> rows;
  for (const std::vector<uint32_t>* part : {&split.training, &split.validation, &split.test}) {
    EXPECT_TRUE(std::is_sorted(part->begin(), part->end()));
    rows.insert(part->begin(), part->end());
  }
  EXPECT_EQ(rows.size(), 81u);
  EXPECT_EQ(std::set<uint32_t>(rows.begin(), rows.end()).size(), 81u);
}

TEST(SplitTest, FractionsAreRoundedToTheNearest) {
  const Split split = *MakeSplit(*Numbers(11), 1, {.validation_fraction = 0.24, .test_fraction = 0.22}, 1);
  EXPECT_EQ(split.validation.size(), 3u);  // 2.64
  EXPECT_EQ(split.test.size(), 2u);        // 2.42
  EXPECT_EQ(split.training.size(), 6u);
}

TEST(SplitTest, SeedDecides) {
  const auto dataset = Numbers(100);
  const SplitOptions options{.validation_fraction = 0.5};
  EXPECT_EQ(MakeSplit(*dataset, 1, options, 1)->training, MakeSplit(*dataset, 1, options, 1)->training);
  EXPECT_NE(MakeSplit(*dataset, 1, options, 1)->training, MakeSplit(*dataset, 1, options, 2)->training);
}

TEST(SplitTest, IsStratifiedWhereTheTargetIsCategorical) {
  const Split split = *MakeSplit(*Classes({90, 10}), 1, {.validation_fraction = 0.2}, 1);
  const auto rare =
      std::count_if(split.validation.begin(), split.validation.end(), [](uint32_t row) { return row >= 90; });
  EXPECT_EQ(rare, 2);
}

TEST(SplitTest, StratificationCanBeTurnedOff) {
  const auto dataset = Classes({90, 10});
  std::set<std::ptrdiff_t> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Split split = *MakeSplit(*dataset, 1, {.validation_fraction = 0.2, .stratified = false}, seed);
    EXPECT_EQ(split.validation.size(), 20u);
    seen.insert(
        std::count_if(split.validation.begin(), split.validation.end(), [](uint32_t row) { return row >= 90; }));
  }
  EXPECT_GT(seen.size(), 1u);
}

TEST(SplitTest, RowsWithoutTargetAreInNoPart) {
  const auto dataset = Rows({Numeric("x"), Numeric("y", ColumnRole::kTarget)}, {{1, 1}, {1, kMissing}, {1, 3}});
  EXPECT_THAT(MakeSplit(*dataset, 1, {}, 1)->training, ElementsAre(0, 2));
}

TEST(SplitTest, SplitColumnDecides) {
  const auto dataset = Rows({Numeric("x"), Numeric("y", ColumnRole::kTarget),
                             Categorical("p", {"test", "train", "validation"}, ColumnRole::kSplit)},
                            {{1, 1, 0}, {1, 2, 1}, {1, 3, 2}, {1, 4, 1}, {1, kMissing, 1}});
  const Split split = *MakeSplit(*dataset, 1, {}, 1);
  EXPECT_THAT(split.training, ElementsAre(1, 3));
  EXPECT_THAT(split.validation, ElementsAre(2));
  EXPECT_THAT(split.test, ElementsAre(0));
  EXPECT_EQ(MessageOf(*dataset, {.validation_fraction = 0.5}),
            "validation_fraction = 0.5, must be left out, as the data set has a split column");
  EXPECT_EQ(MessageOf(*dataset, {.test_fraction = 0.5}),
            "test_fraction = 0.5, must be left out, as the data set has a split column");
}

TEST(SplitTest, ValueThatNamesNoPart) {
  const std::vector<Column> columns = {Numeric("x"), Numeric("y", ColumnRole::kTarget),
                                       Categorical("p", {"train", "dev"}, ColumnRole::kSplit)};
  EXPECT_EQ(Fault(MakeSplit(*Rows(columns, {{1, 1, 0}, {1, 1, 1}}), 1, {}, 1).status()),
            "row 2, column \"p\": \"dev\" must be train, validation or test | 2 | p");
  EXPECT_EQ(Fault(MakeSplit(*Rows(columns, {{1, 1, kMissing}}), 1, {}, 1).status()),
            "row 1, column \"p\": the part is missing; it must be train, validation or test | 1 | p");
}

TEST(SplitTest, FractionsAreWithinZeroAndOne) {
  const auto dataset = Numbers(10);
  EXPECT_EQ(MessageOf(*dataset, {.validation_fraction = 0}), "validation_fraction = 0, must be in (0, 1)");
  EXPECT_EQ(MessageOf(*dataset, {.test_fraction = 1}), "test_fraction = 1, must be in (0, 1)");
  EXPECT_EQ(MessageOf(*dataset, {.test_fraction = kMissing}), "test_fraction = nan, must be in (0, 1)");
  EXPECT_EQ(MessageOf(*dataset, {.validation_fraction = 0.5, .test_fraction = 0.5}),
            "test_fraction = 0.5, must be below 1 - validation_fraction = 0.5");
}

TEST(SplitTest, NumericTargetIsNotStratified) {
  EXPECT_EQ(MessageOf(*Numbers(10), {.validation_fraction = 0.5, .stratified = true}),
            "stratified = true, must be false or left out, as the target is numeric");
}

TEST(SplitTest, PartThatGetsNoRow) {
  const absl::Status status = MakeSplit(*Numbers(3), 1, {.validation_fraction = 0.1}, 1).status();
  EXPECT_EQ(status.message(), "the validation part gets no row");
  EXPECT_EQ(ErrorReason(status), "EMPTY_PART");
  EXPECT_EQ(MessageOf(*Numbers(3), {.test_fraction = 0.1}), "the test part gets no row");
  EXPECT_EQ(MessageOf(*Numbers(1), {.test_fraction = 0.5}), "the training part gets no row");
}

TEST(SplitTest, OneClass) {
  const absl::Status status = MakeSplit(*Classes({5}), 1, {}, 1).status();
  EXPECT_EQ(status.message(), "the training part has one class of the target \"y\", \"0\"; it needs two or more");
  EXPECT_EQ(ErrorReason(status), "ONE_CLASS");
}

TEST(ApportionTest, EveryClassAndEveryPartHasItsShare) {
  const RandomStream random(3, RandomPurpose::kSplit, 0);
  uint64_t draws = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::vector<int64_t> sizes(1 + random.Bits(draws++) % 12);
    int64_t total = 0;
    for (int64_t& size : sizes) total += size = static_cast<int64_t>(random.Bits(draws++) % 30);
    const double steps = i % 2 == 0 ? 20 : 997;
    const double validation = std::floor(random.Uniform(draws++) * 0.6 * steps) / steps;
    const double test = std::floor(random.Uniform(draws++) * 0.4 * steps) / steps;
    const std::vector<PartSizes> parts = Apportion(sizes, validation, test);

    PartSizes sums{};
    for (size_t c = 0; c < sizes.size(); ++c) {
      ASSERT_EQ(parts[c][0] + parts[c][1] + parts[c][2], sizes[c]);
      const double size = static_cast<double>(sizes[c]);
      const double shares[] = {size * validation, size * test, size * (1 - validation - test)};
      for (int part = 0; part < 3; ++part) {
        ASSERT_GE(parts[c][part], 0);
        ASSERT_LE(std::abs(static_cast<double>(parts[c][part]) - shares[part]), 1 + 1e-9) << i;
        sums[part] += parts[c][part];
      }
    }
    ASSERT_EQ(sums[kValidationPart], std::llround(validation * static_cast<double>(total))) << i;
    ASSERT_EQ(sums[kTestPart], std::llround(test * static_cast<double>(total))) << i;
  }
}

}  // namespace
}  // namespace trainyard
