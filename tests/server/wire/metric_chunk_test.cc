#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

StepMetrics Metrics(int64_t step, double loss) {
  return {.step = step, .loss = loss, .gradient_norm = 2 * loss, .learning_rate = 0.1, .momentum = 0};
}

const v1::MetricColumn& ColumnOf(const v1::MetricChunk& chunk, v1::Series series) {
  for (const v1::MetricColumn& column : chunk.columns()) {
    if (column.series() == series) return column;
  }
  return v1::MetricColumn::default_instance();
}

TEST(MetricChunkTest, StepsComeBackToTheBitNaNIncluded) {
  const double nan = std::nan("7");
  const std::vector<StepMetrics> steps = {Metrics(5, 0.1), Metrics(6, nan),
                                          Metrics(7, std::numeric_limits<double>::infinity()), Metrics(8, -0.0)};
  const absl::StatusOr<std::vector<StepMetrics>> back = FromProto(ToProto(steps));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(*back == steps);
}

TEST(MetricChunkTest, NamesTheStepsThatItCovers) {
  const v1::MetricChunk chunk = ToProto(std::vector<StepMetrics>{Metrics(5, 1), Metrics(6, 2)});
  EXPECT_EQ(chunk.first_step(), 5);
  EXPECT_EQ(chunk.step_count(), 2);
  EXPECT_TRUE(chunk.steps().empty());
  EXPECT_THAT(ColumnOf(chunk, v1::SERIES_LOSS).values(), ElementsAre(1, 2));
  EXPECT_THAT(ColumnOf(chunk, v1::SERIES_GRADIENT_NORM).values(), ElementsAre(2, 4));
}

TEST(MetricChunkTest, AColumnOfEqualBitsIsOneValue) {
  const v1::MetricChunk chunk = ToProto(std::vector<StepMetrics>{Metrics(0, 1), Metrics(1, 2)});
  EXPECT_THAT(ColumnOf(chunk, v1::SERIES_LEARNING_RATE).values(), ElementsAre(0.1));
  EXPECT_THAT(ColumnOf(chunk, v1::SERIES_MOMENTUM).values(), ElementsAre(0));
}

TEST(MetricChunkTest, ZeroAndMinusZeroAreDifferentBits) {
  const v1::MetricChunk chunk = ToProto(std::vector<StepMetrics>{Metrics(0, 0.0), Metrics(1, -0.0)});
  EXPECT_EQ(ColumnOf(chunk, v1::SERIES_LOSS).values_size(), 2);
}

TEST(MetricChunkTest, AThinnedChunkHasTheStepsThatItNames) {
  v1::MetricChunk chunk = ToProto(std::vector<StepMetrics>{Metrics(0, 1), Metrics(1, 2)});
  chunk.set_step_count(10);
  chunk.add_steps(3);
  chunk.add_steps(9);
  const absl::StatusOr<std::vector<StepMetrics>> back = FromProto(chunk);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_TRUE(*back == (std::vector<StepMetrics>{Metrics(3, 1), Metrics(9, 2)}));
}

TEST(MetricChunkTest, ColumnsThatDoNotFitEachOtherAreDataLoss) {
  const v1::MetricChunk whole = ToProto(std::vector<StepMetrics>{Metrics(0, 1), Metrics(1, 2), Metrics(2, 3)});
  std::vector<v1::MetricChunk> broken(5, whole);
  broken[0].mutable_columns(0)->add_values(4);
  broken[1].mutable_columns(0)->mutable_values()->RemoveLast();
  broken[2].mutable_columns()->RemoveLast();
  broken[3].mutable_columns(0)->set_series(broken[3].columns(1).series());
  broken[4].set_step_count(0);
  for (const v1::MetricChunk& chunk : broken) {
    EXPECT_EQ(FromProto(chunk).status().code(), absl::StatusCode::kDataLoss) << chunk.DebugString();
  }
}

TEST(MetricChunkTest, StepsThatNoRunCanHaveAreDataLoss) {
  const v1::MetricChunk whole = ToProto(std::vector<StepMetrics>{Metrics(0, 1), Metrics(1, 1)});
  std::vector<v1::MetricChunk> broken(3, whole);
  broken[0].set_step_count(int64_t{1} << 60);
  broken[1].set_first_step(-1);
  broken[2].set_first_step(std::numeric_limits<int64_t>::max());
  for (const v1::MetricChunk& chunk : broken) {
    EXPECT_EQ(FromProto(chunk).status().code(), absl::StatusCode::kDataLoss) << chunk.DebugString();
  }
}

}  // namespace
}  // namespace trainyard
