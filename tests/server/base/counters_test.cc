#include "server/base/counters.h"

#include <numeric>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

TEST(DurationHistogramTest, ABucketHoldsWhatTookAtMostItsUpperBound) {
  DurationHistogram histogram;
  histogram.Observe(absl::Milliseconds(1));
  histogram.Observe(absl::Milliseconds(1) + absl::Nanoseconds(1));
  const DurationHistogram::Reading reading = histogram.Read();
  ASSERT_EQ(DurationHistogram::kUpperBounds[2], 1e-3);
  EXPECT_EQ(reading.counts[2], 1);
  EXPECT_EQ(reading.counts[3], 1);
  EXPECT_EQ(std::accumulate(reading.counts.begin(), reading.counts.end(), int64_t{0}), 2);
}

TEST(DurationHistogramTest, WhatTakesLongerThanTheLastBoundHasABucketOfItsOwn) {
  DurationHistogram histogram;
  histogram.Observe(absl::Hours(10));
  EXPECT_EQ(histogram.Read().counts.back(), 1);
}

TEST(DurationHistogramTest, TheSumIsInSeconds) {
  DurationHistogram histogram;
  histogram.Observe(absl::Milliseconds(250));
  histogram.Observe(absl::Seconds(2));
  EXPECT_DOUBLE_EQ(histogram.Read().sum_seconds, 2.25);
}

}  // namespace
}  // namespace trainyard
