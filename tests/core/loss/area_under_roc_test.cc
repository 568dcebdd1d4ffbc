#include "core/loss/area_under_roc.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double Area(std::vector<double> positives, std::vector<double> negatives) { return AreaUnderRoc(positives, negatives); }

TEST(AreaUnderRocTest, IsTheShareOfPairsInTheRightOrder) {
  EXPECT_EQ(Area({3, 4}, {1, 2}), 1);
  EXPECT_EQ(Area({1, 2}, {3, 4}), 0);
  EXPECT_EQ(Area({0.8, 0.35}, {0.4, 0.1}), 0.75);
}

TEST(AreaUnderRocTest, TiesCountOneHalf) {
  EXPECT_EQ(Area({1}, {1}), 0.5);
  EXPECT_EQ(Area({5, 5, 5}, {5, 5}), 0.5);
  EXPECT_EQ(Area({1, 2}, {1, 1, 3}), (0.5 + 0.5 + 0 + 1 + 1 + 0) / 6);
}

TEST(AreaUnderRocTest, InfinitiesAreScores) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Area({kInfinity, 1}, {-kInfinity, kInfinity}), (1 + 0.5 + 1 + 0) / 4);
}

TEST(AreaUnderRocTest, IsNotDefinedWithoutBothKindsOrWithAScoreThatIsNone) {
  EXPECT_TRUE(std::isnan(Area({}, {1})));
  EXPECT_TRUE(std::isnan(Area({1}, {})));
  EXPECT_TRUE(std::isnan(Area({1, kNan}, {0})));
  EXPECT_TRUE(std::isnan(Area({1}, {0, kNan})));
}

TEST(AreaUnderRocTest, AgreesWithTheDefinitionOverAllPairs) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 300; ++trial) {
    // Few different values make many ties.
    const uint32_t values = 1 + random() % 40;
    std::vector<double> positives(1 + random() % 60);
    std::vector<double> negatives(1 + random() % 60);
    for (double& score : positives) score = random() % values;
    for (double& score : negatives) score = random() % values;
    double wins = 0;
    for (const double p : positives) {
      for (const double n : negatives) wins += p > n ? 1 : p == n ? 0.5 : 0;
    }
    const double pairs = static_cast<double>(positives.size() * negatives.size());
    EXPECT_EQ(AreaUnderRoc(positives, negatives), wins / pairs) << "trial " << trial;
  }
}

}  // namespace
}  // namespace trainyard
