#include "core/data/conditioning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"
#include "tests/core/data/building.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Column> NumericColumns(int count) {
  std::vector<Column> columns;
  for (int i = 0; i < count; ++i) columns.push_back(Numeric("x" + std::to_string(i)));
  return columns;
}

Conditioning Of(const std::vector<std::vector<double>>& rows) {
  return *MeasureConditioning(*Rows(NumericColumns(static_cast<int>(rows[0].size())), rows));
}

// Columns that do not depend on each other, and one made from the first by `make`.
std::shared_ptr<const Dataset> WithMade(int64_t row_count, double (*make)(double)) {
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  std::vector<std::vector<double>> rows;
  for (uint64_t i = 0; i < static_cast<uint64_t>(row_count); ++i) {
    const double x = random.Uniform(2 * i);
    rows.push_back({x, random.Uniform(2 * i + 1), make(x)});
  }
  return Rows(NumericColumns(3), rows);
}

TEST(ConditioningTest, ConditionNumberOfTwoColumns) {
  // The correlation is 0.5; the eigenvalues are 1.5 and 0.5.
  const Conditioning conditioning = Of({{-1, -1}, {0, 1}, {1, 0}});
  EXPECT_NEAR(conditioning.correlation_condition_number, 3, 1e-12);
  EXPECT_EQ(conditioning.row_count, 3);
  EXPECT_THAT(conditioning.constant_columns, IsEmpty());
  EXPECT_THAT(conditioning.duplicate_columns, IsEmpty());
}

TEST(ConditioningTest, ScaleAndOffsetDoNotCount) {
  EXPECT_NEAR(Of({{-1e6, 1e3 - 1}, {0, 1e3 + 1}, {1e6, 1e3}}).correlation_condition_number, 3, 1e-9);
}

TEST(ConditioningTest, OneColumnIsPerfect) { EXPECT_DOUBLE_EQ(Of({{1}, {2}, {5}}).correlation_condition_number, 1); }

TEST(ConditioningTest, DeviationsAreThoseOfThePopulation) {
  const Conditioning conditioning = Of({{1, 0, 7}, {3, 10, 7}, {1, 30, 7}, {3, 0, 7}});
  EXPECT_DOUBLE_EQ(conditioning.smallest_deviation, 1);
  EXPECT_EQ(conditioning.smallest_deviation_column, "x0");
  EXPECT_DOUBLE_EQ(conditioning.largest_deviation, std::sqrt(150));
  EXPECT_EQ(conditioning.largest_deviation_column, "x1");
}

TEST(ConditioningTest, ConstantColumnsAreNamedAndLeftOut) {
  const Conditioning conditioning = Of({{4, -1, -1}, {4, 0, 1}, {4, 1, 0}});
  EXPECT_THAT(conditioning.constant_columns, ElementsAre("x0"));
  EXPECT_NEAR(conditioning.correlation_condition_number, 3, 1e-12);
}

TEST(ConditioningTest, WhereAllIsConstantThereIsNoConditionNumber) {
  const Conditioning conditioning = Of({{4, 0.1}, {4, 0.1}});
  EXPECT_THAT(conditioning.constant_columns, ElementsAre("x0", "x1"));
  EXPECT_EQ(conditioning.correlation_condition_number, 0);
  EXPECT_EQ(conditioning.largest_deviation_column, "");
}

TEST(ConditioningTest, DuplicatesUpToSignOffsetAndScaleAreNamedAndLeftOut) {
  for (double (*make)(double) :
       {+[](double x) { return x; }, +[](double x) { return -x; }, +[](double x) { return 1.8 * x + 32; },
        +[](double x) { return 1e-4 * x - 5; }, +[](double x) { return -1e9 * x + 1e6; }}) {
    const Conditioning conditioning = *MeasureConditioning(*WithMade(200, make));
    EXPECT_THAT(conditioning.duplicate_columns, ElementsAre(DuplicateColumn{"x2", "x0"}));
    EXPECT_LT(conditioning.correlation_condition_number, 2);
  }
}

TEST(ConditioningTest, NearlyTheSameIsNoDuplicate) {
  const Conditioning conditioning =
      *MeasureConditioning(*WithMade(200, [](double x) { return x + 1e-6 * std::sin(1000 * x); }));
  EXPECT_THAT(conditioning.duplicate_columns, IsEmpty());
  EXPECT_GT(conditioning.correlation_condition_number, 1e9);
}

TEST(ConditioningTest, ADifferenceInOneRowIsNoDuplicate) {
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 5000; ++i) rows.push_back({i + 0.0, i + (i == 4321 ? 0.01 : 0.0)});
  EXPECT_THAT(Of(rows).duplicate_columns, IsEmpty());
}

TEST(ConditioningTest, EachDuplicateNamesTheFirstOfItsKind) {
  EXPECT_THAT(Of({{1, 5, -1, -2}, {2, 1, -2, -4}, {4, 2, -4, -8}}).duplicate_columns,
              ElementsAre(DuplicateColumn{"x2", "x0"}, DuplicateColumn{"x3", "x0"}));
}

TEST(ConditioningTest, ColumnsThatDependOnEachOtherAreInfinitelyBad) {
  const Conditioning conditioning = Of({{1, 0, 1}, {2, 5, 7}, {4, 1, 5}, {0, 3, 3}});
  EXPECT_THAT(conditioning.duplicate_columns, IsEmpty());
  EXPECT_EQ(conditioning.correlation_condition_number, std::numeric_limits<double>::infinity());
}

TEST(ConditioningTest, RowsWithMissingNumbersDoNotCount) {
  const Conditioning conditioning = Of({{-1, -1}, {kMissing, 100}, {0, 1}, {50, kMissing}, {1, 0}});
  EXPECT_EQ(conditioning.row_count, 3);
  EXPECT_NEAR(conditioning.correlation_condition_number, 3, 1e-12);
}

TEST(ConditioningTest, AColumnWithoutAnyNumberDoesNotCount) {
  const Conditioning conditioning = Of({{-1, kMissing, -1}, {0, kMissing, 1}, {1, kMissing, 0}});
  EXPECT_EQ(conditioning.row_count, 3);
  EXPECT_NEAR(conditioning.correlation_condition_number, 3, 1e-12);
}

TEST(ConditioningTest, WithoutACompleteRowThereIsNothingToSay) {
  const Conditioning conditioning = Of({{1, kMissing}, {kMissing, 2}});
  EXPECT_EQ(conditioning.row_count, 0);
  EXPECT_EQ(conditioning.correlation_condition_number, 0);
}

TEST(ConditioningTest, OnlyNumericFeaturesCount) {
  const auto dataset = Rows({Numeric("a"), Categorical("b", {"p", "q"}), Numeric("c", ColumnRole::kTarget),
                             Numeric("d", ColumnRole::kWeight)},
                            {{1, 0, 3, 1}, {2, 1, 3, 1}});
  const Conditioning conditioning = *MeasureConditioning(*dataset);
  EXPECT_THAT(conditioning.constant_columns, IsEmpty());
  EXPECT_EQ(conditioning.largest_deviation_column, "a");
  EXPECT_FALSE(MeasureConditioning(*Rows({Categorical("b", {"p"})}, {{0}})).has_value());
}

TEST(ConditioningTest, LargeTablesAreSampled) {
  // Two rows for each column.
  std::vector<std::vector<double>> rows(2100, std::vector<double>(1000));
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < 1000; ++j) rows[i][j] = random.Uniform(i * 1000 + j);
  }
  const Conditioning conditioning = Of(rows);
  EXPECT_EQ(conditioning.row_count, 2000);
  EXPECT_GT(conditioning.correlation_condition_number, 10);
  EXPECT_LT(conditioning.correlation_condition_number, 100);
}

TEST(ConditioningTest, MoreThanAThousandColumnsHaveNoConditionNumber) {
  std::vector<std::vector<double>> rows(3, std::vector<double>(1002));
  for (size_t j = 0; j < 1002; ++j) {
    const double angle = static_cast<double>(j / 2 * 2) / 1002 * M_PI;
    for (size_t i = 0; i < 3; ++i) rows[i][j] = std::cos(angle + static_cast<double>(i) * 2);
  }
  const Conditioning halved = Of(rows);
  EXPECT_EQ(halved.duplicate_columns.size(), 501u);
  EXPECT_GT(halved.correlation_condition_number, 0);
  for (size_t j = 0; j < 1002; ++j) rows[0][j] += static_cast<double>(j) * 1e-3;
  const Conditioning all = Of(rows);
  EXPECT_THAT(all.duplicate_columns, IsEmpty());
  EXPECT_EQ(all.correlation_condition_number, 0);
  EXPECT_EQ(all.row_count, 3);
}

TEST(ConditioningTest, NumbersTooLargeToBeSquaredDoNotCount) {
  const Conditioning conditioning = Of({{1e308, -1, -1}, {-1e308, 0, 1}, {0, 1, 0}});
  EXPECT_NEAR(conditioning.correlation_condition_number, 3, 1e-12);
}

}  // namespace
}  // namespace trainyard
