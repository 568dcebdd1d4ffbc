#include "client/cli/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/cli/axis.h"
#include "client/cli/braille.h"

namespace trainyard::cli {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

std::vector<std::string> Texts(const std::vector<StyledLine>& lines) {
  std::vector<std::string> texts;
  for (const StyledLine& line : lines) texts.push_back(line.Text());
  return texts;
}

TEST(BrailleTest, EachDotHasItsBit) {
  BrailleCanvas canvas(4, 1);
  canvas.Dot(0, 0, Ink::kPlain);
  canvas.Dot(3, 3, Ink::kPlain);
  canvas.Line(4, 0, 5, 0, Ink::kPlain);
  canvas.Line(6, 0, 6, 3, Ink::kPlain);
  EXPECT_EQ(canvas.Row(0).Text(), "⠁⢀⠉⡇");
}

TEST(BrailleTest, DotsOutsideAreDropped) {
  BrailleCanvas canvas(1, 1);
  canvas.Dot(-1, 0, Ink::kPlain);
  canvas.Dot(2, 0, Ink::kPlain);
  canvas.Dot(0, 4, Ink::kPlain);
  EXPECT_EQ(canvas.Row(0).Text(), " ");
}

TEST(BrailleTest, BackgroundGivesWayToALine) {
  BrailleCanvas canvas(2, 1);
  canvas.BackgroundDot(0, 3);
  canvas.BackgroundDot(2, 3);
  canvas.Dot(0, 0, Ink::kPlain);
  EXPECT_EQ(canvas.Row(0).Text(), "⠁⡀");
}

TEST(AxisTest, PositionRunsFromZeroToOne) {
  const Axis axis(2, 4);
  EXPECT_EQ(axis.Position(2), 0);
  EXPECT_EQ(axis.Position(3), 0.5);
  EXPECT_EQ(axis.Position(4), 1);
}

TEST(AxisTest, IsLogarithmicBeyondAFactorOfTwenty) {
  EXPECT_FALSE(Axis(1, 20).logarithmic());
  EXPECT_TRUE(Axis(1, 20.5).logarithmic());
  EXPECT_FALSE(Axis(0, 100).logarithmic());
  EXPECT_FALSE(Axis(-1, 100).logarithmic());
}

TEST(AxisTest, LinearTicksAreRound) { EXPECT_THAT(Axis(0.1, 1.1).Ticks(0.4), ElementsAre(DoubleEq(0.5), DoubleEq(1))); }

TEST(AxisTest, TheEndsStandInForRoundTicks) {
  EXPECT_THAT(Axis(1.02, 1.98).Ticks(0.5), ElementsAre(DoubleEq(1.02), DoubleEq(1.98)));
}

TEST(AxisTest, PowersOfTenComeBeforeOtherTicks) {
  EXPECT_THAT(Axis(0.1, 10).Ticks(0.3), ElementsAre(DoubleEq(0.1), DoubleEq(1), DoubleEq(10)));
}

TEST(AxisTest, AConstantIsInTheMiddle) {
  EXPECT_DOUBLE_EQ(Axis(3, 3).Position(3), 0.5);
  EXPECT_DOUBLE_EQ(Axis(0, 0).Position(0), 0.5);
}

TEST(AxisTest, RoundingIsNoSpan) {
  const Axis axis(1, 1 + 1e-15);
  EXPECT_NEAR(axis.Position(1), 0.5, 1e-9);
  EXPECT_THAT(axis.Ticks(0.5), ElementsAre(DoubleEq(0.5), DoubleEq(1), DoubleEq(1.5)));
}

TEST(AxisTest, RoundUpGoesToOneTwoFive) {
  EXPECT_DOUBLE_EQ(RoundUp(1.1), 2);
  EXPECT_DOUBLE_EQ(RoundUp(0.3), 0.5);
  EXPECT_DOUBLE_EQ(RoundUp(7), 10);
  EXPECT_DOUBLE_EQ(RoundUp(100), 100);
}

TEST(ChartTest, AFallingLineRunsFromCornerToCorner) {
  Curve curve;
  for (int i = 0; i <= 100; ++i) curve.Add(i, 2 - i / 100.0);
  const Chart chart = DrawChart({{.curve = &curve}}, 30, 6);
  EXPECT_FALSE(chart.logarithmic);
  EXPECT_THAT(Texts(chart.lines),
              ElementsAre("1.98 ┤⠈⠒⠒⠤⣀⣀                  ",  //
                          "     │      ⠉⠒⠒⠤⣀⣀            ",  //
                          "     │            ⠉⠉⠒⠤⠤⣀      ",  //
                          "1.02 ┤                  ⠉⠉⠒⠤⢄⡀",  //
                          "     └┬───────────┬──────────┬",  //
                          "step  0          50        100"));
}

TEST(ChartTest, WithoutPointsThereAreAxes) {
  Curve curve;
  const Chart chart = DrawChart({{.curve = &curve}}, 24, 4);
  ASSERT_EQ(chart.lines.size(), 4u);
  EXPECT_EQ(chart.lines[0].width(), 24);
}

TEST(ChartTest, ASpanOfMoreThanTwentyIsLogarithmic) {
  Curve curve;
  for (int i = 0; i <= 100; ++i) curve.Add(i, 1000.0 / (1 + i * i));
  EXPECT_TRUE(DrawChart({{.curve = &curve}}, 40, 8).logarithmic);
}

TEST(ChartTest, MarksStandAtThePoints) {
  Curve curve;
  curve.Add(0, 1);
  curve.Add(100, 2);
  const Chart chart = DrawChart({{.curve = &curve, .marks = true}}, 30, 6);
  EXPECT_EQ(chart.lines[0].Text().substr(chart.lines[0].Text().size() - 3), "•");
  EXPECT_NE(chart.lines[3].Text().find("•"), std::string::npos);
}

TEST(ChartTest, AShadowAsHighAsThePlotIsLeftOut) {
  Curve curve;
  for (int i = 0; i < 10'000; ++i) curve.Add(i, 100 * (i % 2) + 0.001 * i);
  const Chart with = DrawChart({{.curve = &curve, .shadow = true}}, 30, 6);
  const Chart without = DrawChart({{.curve = &curve}}, 30, 6);
  EXPECT_EQ(Texts(with.lines), Texts(without.lines));
}

TEST(ChartTest, AShadowShowsTheSpreadAroundTheLine) {
  Curve curve;
  for (int i = 0; i < 10'000; ++i) curve.Add(i, i % 2 + 0.001 * i);
  const Chart with = DrawChart({{.curve = &curve, .shadow = true}}, 30, 6);
  const Chart without = DrawChart({{.curve = &curve}}, 30, 6);
  EXPECT_NE(Texts(with.lines), Texts(without.lines));
}

TEST(ChartTest, EveryLineFitsTheWidth) {
  Curve curve;
  for (int i = 0; i < 5000; ++i) curve.Add(i * 1000, 1e-7 * (5001 - i));
  for (int width = 20; width < 120; ++width) {
    for (const StyledLine& line : DrawChart({{.curve = &curve, .shadow = true}}, width, 10).lines) {
      EXPECT_EQ(line.width(), width);
    }
  }
}

TEST(SparklineTest, RisesWithTheValues) {
  Curve curve;
  for (int i = 0; i < 8; ++i) curve.Add(i, i);
  EXPECT_EQ(DrawSparkline(curve, 8), "▁▂▃▄▅▆▇█");
}

TEST(CurveTest, MergesNeighboursWhenFull) {
  Curve curve(4);
  for (int i = 0; i < 5; ++i) curve.Add(i, i);
  ASSERT_EQ(curve.buckets().size(), 3u);
  EXPECT_EQ(curve.buckets()[0].first_step, 0);
  EXPECT_EQ(curve.buckets()[0].last_step, 1);
  EXPECT_EQ(curve.buckets()[0].mean, 0.5);
  EXPECT_EQ(curve.buckets()[0].minimum, 0);
  EXPECT_EQ(curve.buckets()[0].maximum, 1);
}

TEST(CurveTest, StaysWithinItsCapacityAndKeepsTheMean) {
  Curve curve(16);
  for (int i = 0; i < 100'000; ++i) curve.Add(i, 7);
  EXPECT_LE(curve.buckets().size(), 16u);
  EXPECT_EQ(curve.buckets().back().last_step, 99'999);
  for (const CurveBucket& bucket : curve.buckets()) EXPECT_EQ(bucket.mean, 7);
}

TEST(CurveTest, LeavesOutWhatIsNotFinite) {
  Curve curve;
  curve.Add(0, std::numeric_limits<double>::quiet_NaN());
  curve.Add(1, std::numeric_limits<double>::infinity());
  EXPECT_TRUE(curve.empty());
}

TEST(CurveTest, CutForgetsLaterPoints) {
  Curve curve;
  for (int i = 0; i < 10; ++i) curve.Add(i, i);
  curve.CutFrom(4);
  EXPECT_EQ(curve.buckets().back().last_step, 3);
}

}  // namespace
}  // namespace trainyard::cli
