#include "server/run/thinning.h"

#include <algorithm>
#include <cmath>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

std::vector<Point> Thin(const std::vector<double>& values, int max_points) {
  Thinner thinner({.first_step = 0, .last_step = static_cast<int64_t>(values.size()) - 1, .max_points = max_points});
  for (size_t i = 0; i < values.size(); ++i) thinner.Add({static_cast<int64_t>(i), values[i]});
  return thinner.Finish();
}

std::vector<double> Waves(int count) {
  std::vector<double> values;
  for (int i = 0; i < count; ++i) values.push_back(std::sin(i * 0.37) + std::cos(i * 1.7));
  return values;
}

TEST(ThinningPlanTest, TheLevelIsTheCoarsestWithTwoCellsForEachBucket) {
  EXPECT_EQ((ThinningPlan{.first_step = 0, .last_step = 128 * 10 - 2, .max_points = 20}.Level()), 0);
  EXPECT_EQ((ThinningPlan{.first_step = 0, .last_step = 128 * 10 - 1, .max_points = 20}.Level()), 1);
  EXPECT_EQ((ThinningPlan{.first_step = 7, .last_step = 7 + 8192 * 10 - 1, .max_points = 20}.Level()), 2);
}

TEST(ThinnerTest, FewPointsAreKeptAsTheyAre) {
  const std::vector<Point> points = Thin({3, 1, 2}, 4);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].value, 1);
}

TEST(ThinnerTest, KeepsAtMostSoManyPointsAllOfThemTrueAndInOrder) {
  const std::vector<double> values = Waves(10'007);
  for (const int max_points : {4, 5, 100, 999}) {
    const std::vector<Point> points = Thin(values, max_points);
    EXPECT_LE(points.size(), static_cast<size_t>(max_points));
    EXPECT_GE(points.size(), static_cast<size_t>(max_points) / 3);
    for (const Point& point : points) EXPECT_EQ(point.value, values[point.step]);
    EXPECT_TRUE(
        std::is_sorted(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.step < b.step; }));
  }
}

TEST(ThinnerTest, KeepsTheSmallestAndTheLargestValue) {
  std::vector<double> values = Waves(5000);
  values[1234] = 100;
  values[4321] = -100;
  std::vector<double> kept;
  for (const Point& point : Thin(values, 10)) kept.push_back(point.value);
  EXPECT_THAT(kept, ::testing::IsSupersetOf({100.0, -100.0}));
}

TEST(ThinnerTest, FewPointsOfWhichOnlyExtremaWereGivenAreNotComplete) {
  const ThinningPlan plan{.first_step = 0, .last_step = 10'000, .max_points = 64};
  Thinner thinner(plan);
  EXPECT_TRUE(thinner.complete());
  thinner.Add(64, {.minimum = 1, .maximum = 2, .maximum_offset = 5, .count = 64});
  EXPECT_FALSE(thinner.complete());
  thinner.Add(Point{128, 7});
  EXPECT_TRUE(thinner.complete());
}

TEST(ThinnerTest, NaNIsNeitherSmallestNorLargestButIsShownWhereThereIsNothingElse) {
  std::vector<double> values(1000, std::nan(""));
  values[0] = 1;
  const std::vector<Point> points = Thin(values, 4);
  EXPECT_EQ(points.front().value, 1);
  EXPECT_TRUE(std::isnan(points.back().value));
}

}  // namespace
}  // namespace trainyard
