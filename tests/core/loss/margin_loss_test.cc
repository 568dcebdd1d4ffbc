// The binary surrogates, as functions of the margin z = y f.

#include "core/loss/margin_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/loss/logistic.h"
#include "gmock/gmock.h"
#include "tests/core/loss/one_example.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

struct MarginPoint {
  double z;
  double value;
  double slope;
};

struct MarginCase {
  std::string name;
  LossOptions second_positive;
  LossOptions first_positive;
  std::vector<MarginPoint> points;
};

template <typename Options>
MarginCase Margin(const std::string& name, const std::vector<MarginPoint>& points) {
  return {name, Options(), Options{.positive_class = "a"}, points};
}

std::vector<MarginCase> EveryMarginLoss() {
  const double e = std::exp(1);
  return {
      Margin<LogisticOptions>("Logistic", {{-1, std::log(1 + e), -e / (1 + e)}, {0, std::log(2), -0.5}}),
      Margin<HingeOptions>("Hinge", {{-1, 2, -1}, {0.75, 0.25, -1}, {1, 0, 0}, {2, 0, 0}}),
      Margin<SquaredHingeOptions>("SquaredHinge", {{-1, 4, -4}, {0.75, 0.0625, -0.5}, {1, 0, 0}, {2, 0, 0}}),
      Margin<SmoothedHingeOptions>("SmoothedHinge",
                                   {{-1, 1.5, -1}, {0, 0.5, -1}, {0.5, 0.125, -0.5}, {1, 0, 0}, {2, 0, 0}}),
      Margin<ExponentialOptions>("Exponential", {{-1, e, -e}, {0, 1, -1}, {1, 1 / e, -1 / e}}),
      Margin<PerceptronOptions>("Perceptron", {{-2, 2, -1}, {0, 0, -1}, {0.5, 0, 0}}),
      Margin<SquaredMarginOptions>("SquaredMargin", {{-1, 4, -4}, {1, 0, 0}, {3, 4, 4}}),
  };
}

class MarginLossTest : public ::testing::TestWithParam<MarginCase> {};

TEST_P(MarginLossTest, HasTheseValuesAndSlopesBelowAtAndAboveItsKinks) {
  for (const MarginPoint& point : GetParam().points) {
    EXPECT_DOUBLE_EQ(One(GetParam().second_positive, {"a", "b"}, {point.z}, 1, 0), point.value) << point.z;
    EXPECT_DOUBLE_EQ(Gradient(GetParam().second_positive, {"a", "b"}, {point.z}, 1, 0)[0], point.slope) << point.z;
  }
}

TEST_P(MarginLossTest, TheOtherClassIsTheMirrorImage) {
  for (const MarginPoint& point : GetParam().points) {
    EXPECT_DOUBLE_EQ(One(GetParam().second_positive, {"a", "b"}, {-point.z}, 0, 0), point.value) << point.z;
    EXPECT_DOUBLE_EQ(Gradient(GetParam().second_positive, {"a", "b"}, {-point.z}, 0, 0)[0], -point.slope) << point.z;
  }
}

TEST_P(MarginLossTest, ThePositiveClassIsTheOneNamed) {
  for (const MarginPoint& point : GetParam().points) {
    EXPECT_DOUBLE_EQ(One(GetParam().first_positive, {"a", "b"}, {point.z}, 0, 0), point.value) << point.z;
    EXPECT_DOUBLE_EQ(One(GetParam().first_positive, {"a", "b"}, {-point.z}, 1, 0), point.value) << point.z;
  }
  EXPECT_EQ(PositiveClass(GetParam().first_positive, {{"a", "b"}}), "a");
  EXPECT_EQ(PositiveClass(GetParam().second_positive, {{"a", "b"}}), "b");
}

INSTANTIATE_TEST_SUITE_P(Losses, MarginLossTest, ::testing::ValuesIn(EveryMarginLoss()),
                         [](const auto& test) { return test.param.name; });

TEST(ExponentialTest, IsInfiniteWhereItsFormulaIsBeyondAllNumbers) {
  EXPECT_EQ(One(ExponentialOptions(), {"a", "b"}, {-1000}, 1, 0), std::numeric_limits<double>::infinity());
}

TEST(LogisticTest, IsLogOnePlusExpOfMinusTheMargin) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1.5}, 1, 0), std::log(1 + std::exp(-1.5)));
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1.5}, 0, 0), std::log(1 + std::exp(1.5)));
}

TEST(LogisticTest, LargeMarginsDoNotOverflow) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {-1000}, 1, 0), 1000);
  EXPECT_DOUBLE_EQ(One(LogisticOptions(), {"a", "b"}, {1000}, 1, 0), 0);
}

TEST(LogisticTest, ThePositiveClassIsTheOneNamed) {
  EXPECT_DOUBLE_EQ(One(LogisticOptions{.positive_class = "a"}, {"a", "b"}, {1.5}, 0, 0), std::log(1 + std::exp(-1.5)));
}

TEST(BinaryLossTest, ScoresArePlusAndMinusTheOutput) {
  for (const MarginCase& loss : EveryMarginLoss()) {
    EXPECT_THAT(Scores(loss.second_positive, {"a", "b"}, {1.5}), ElementsAre(-1.5, 1.5)) << loss.name;
    EXPECT_THAT(Scores(loss.first_positive, {"a", "b"}, {1.5}), ElementsAre(1.5, -1.5)) << loss.name;
  }
}

TEST(BinaryLossTest, ThreeClassesAreRefused) {
  for (const MarginCase& loss : EveryMarginLoss()) {
    EXPECT_THAT(Refusal(loss.second_positive, {"a", "b", "c"}),
                ::testing::EndsWith("a loss for the target's 3 classes, as softmax_cross_entropy is"));
  }
}

// In units of the last place: 2^-52 of the number.
double UnitsApart(double actual, long double expected) {
  return static_cast<double>(std::fabs((actual - expected) / expected)) / std::numeric_limits<double>::epsilon();
}

TEST(LogisticPhiTest, ValueAndSlopeAreExactToFewUnitsOfTheLastPlace) {
  double value_error = 0;
  double slope_error = 0;
  const auto look = [&](double z) {
    double slope;
    const double value = LogisticPhi::ValueAndSlope(z, slope);
    const long double e = std::exp(-std::fabs(static_cast<long double>(z)));
    value_error =
        std::max(value_error, UnitsApart(value, std::log1p(e) + std::fmax(-static_cast<long double>(z), 0.0L)));
    slope_error = std::max(slope_error, UnitsApart(slope, -(z > 0 ? e : 1) / (1 + e)));
    ASSERT_EQ(LogisticPhi::Value(z), value);
    ASSERT_EQ(LogisticPhi::Slope(z), slope);
  };
  for (double z = 0x1p-40; z < 700; z *= 1 + 0x1p-15) {
    look(z);
    look(-z);
  }
  for (int i = -400'000; i <= 400'000; ++i) look(static_cast<double>(i) * 0x1p-14 / 3);
  EXPECT_LT(value_error, 3);
  EXPECT_LT(slope_error, 3);
}

TEST(LogisticPhiTest, FarMarginsAndWhatIsNoNumber) {
  EXPECT_EQ(LogisticPhi::Value(800), 0);
  EXPECT_EQ(LogisticPhi::Slope(800), 0);
  EXPECT_EQ(LogisticPhi::Value(-800), 800);
  EXPECT_EQ(LogisticPhi::Slope(-800), -1);
  EXPECT_TRUE(std::isnan(LogisticPhi::Value(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(LogisticPhi::Value(-std::numeric_limits<double>::infinity()), std::numeric_limits<double>::infinity());
}

}  // namespace
}  // namespace trainyard
