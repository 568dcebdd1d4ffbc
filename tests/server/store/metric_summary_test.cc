#include "server/store/metric_summary.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Extrema Of(std::initializer_list<double> values) {
  Extrema all;
  int offset = 0;
  for (const double value : values) all.Add({.minimum = value, .maximum = value, .count = 1}, offset++);
  return all;
}

TEST(ExtremaTest, AreTheSmallestAndTheLargestWithTheirSteps) {
  const Extrema all = Of({3, 1, 4, 1, 5, 9, 2, 6});
  EXPECT_EQ(all.minimum, 1);
  EXPECT_EQ(all.minimum_offset, 1);
  EXPECT_EQ(all.maximum, 9);
  EXPECT_EQ(all.maximum_offset, 5);
  EXPECT_EQ(all.count, 8);
}

TEST(ExtremaTest, OfEqualValuesTheFirstStepCounts) {
  const Extrema all = Of({2, 2, 2});
  EXPECT_EQ(all.minimum_offset, 0);
  EXPECT_EQ(all.maximum_offset, 0);
}

TEST(ExtremaTest, InfinitiesAreValuesLikeOthers) {
  const Extrema all = Of({0, kInfinity, -kInfinity});
  EXPECT_EQ(all.minimum, -kInfinity);
  EXPECT_EQ(all.maximum, kInfinity);
}

TEST(ExtremaTest, NaNIsNeitherButCounts) {
  for (const Extrema& all : {Of({kNaN, 1, 2}), Of({1, kNaN, 2}), Of({1, 2, kNaN})}) {
    EXPECT_EQ(all.minimum, 1);
    EXPECT_EQ(all.maximum, 2);
    EXPECT_EQ(all.count, 3);
  }
}

TEST(ExtremaTest, WhereAllValuesAreNaNBothAreTheFirst) {
  const Extrema all = Of({kNaN, kNaN});
  EXPECT_TRUE(std::isnan(all.minimum));
  EXPECT_TRUE(std::isnan(all.maximum));
  EXPECT_EQ(all.minimum_offset, 0);
}

TEST(ExtremaTest, LaterOffsetsAreShifted) {
  Extrema all = Of({1, 2});
  all.Add(Of({5, 0}), 64);
  EXPECT_EQ(all.minimum_offset, 65);
  EXPECT_EQ(all.maximum_offset, 64);
}

TEST(ExtremaTest, NothingAddsNothing) {
  Extrema all = Of({1});
  all.Add(Extrema(), 0);
  EXPECT_EQ(all.minimum, 1);
  EXPECT_EQ(all.count, 1);
}

MetricSummary Example() {
  MetricSummary summary;
  summary.others = {3, 7};
  summary.first_step = 60;
  summary.end_step = 140;
  summary.columns = {{v1::SERIES_LOSS, {Of({1}), Of({2, 3}), Of({kNaN})}},
                     {v1::SERIES_MOMENTUM, {Of({0}), Extrema(), Of({0})}}};
  return summary;
}

MetricSummary WithoutContent() {
  MetricSummary summary = Example();
  summary.others.clear();
  summary.columns.clear();
  return summary;
}

TEST(MetricSummaryTest, HasTheCellsOfItsFirstToItsLastStep) {
  EXPECT_EQ(Example().first_cell(), 0);
  EXPECT_EQ(Example().cell_count(), 3);
  EXPECT_EQ(MetricSummary().cell_count(), 0);
}

TEST(MetricSummaryTest, ContentIsWhatWasEncoded) {
  MetricSummary read = WithoutContent();
  ASSERT_TRUE(DecodeContent(EncodeContent(Example()), &read).ok());
  EXPECT_EQ(read.others, Example().others);
  ASSERT_EQ(read.columns.size(), 2u);
  EXPECT_EQ(read.columns[1].series, v1::SERIES_MOMENTUM);
  EXPECT_EQ(read.columns[0].cells[1].maximum, 3);
  EXPECT_EQ(read.columns[0].cells[1].maximum_offset, 1);
  EXPECT_TRUE(std::isnan(read.columns[0].cells[2].minimum));
  EXPECT_EQ(read.columns[1].cells[1].count, 0);
}

TEST(MetricSummaryTest, OtherBytesAreDataLoss) {
  const std::string bytes = EncodeContent(Example());
  for (const size_t length : {size_t{0}, size_t{3}, size_t{10}, bytes.size() - 1}) {
    MetricSummary read = WithoutContent();
    EXPECT_TRUE(absl::IsDataLoss(DecodeContent(bytes.substr(0, length), &read))) << length;
  }
}

}  // namespace
}  // namespace trainyard
