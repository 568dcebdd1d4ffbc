#include "server/rpc/watch_view.h"

#include <cmath>
#include <limits>

#include "core/base/status.h"
#include "gmock/gmock.h"
#include "server/wire/run_events.h"
#include "server/wire/time.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A chunk of 64 steps that the log took at `time`; the loss of step i is i, but for the largest, at step 40 of it.
std::shared_ptr<const std::string> Chunk(int64_t first_step, absl::Time time) {
  std::vector<StepMetrics> steps;
  for (int64_t i = 0; i < 64; ++i) {
    steps.push_back({.step = first_step + i,
                     .loss = i == 40 ? 1000.0 : static_cast<double>(i),
                     .gradient_norm = 2.0 * static_cast<double>(i)});
  }
  v1::Event event;
  event.set_sequence(7);
  *event.mutable_time() = ToProto(time);
  *event.mutable_metrics() = ToProto(std::span<const StepMetrics>(steps));
  return std::make_shared<const std::string>(event.SerializeAsString());
}

v1::Event Parse(const std::string& bytes) {
  v1::Event event;
  EXPECT_TRUE(event.ParseFromString(bytes));
  return event;
}

TEST(WatchViewTest, WhereNothingIsChosenTheBytesAreTheLogsOwn) {
  const WatchChoice everything;
  const auto chunk = Chunk(0, absl::UnixEpoch());
  EXPECT_EQ(WatchView(everything).See(chunk), chunk);
}

TEST(WatchViewTest, EventsAreNeverThinned) {
  const WatchChoice choice{.series = {v1::SERIES_LOSS}, .max_steps_per_second = 0.001};
  v1::Event event;
  event.mutable_warning()->set_reason("A");
  const auto bytes = std::make_shared<const std::string>(event.SerializeAsString());
  EXPECT_EQ(WatchView(choice).See(bytes), bytes);
}

TEST(WatchViewTest, OnlyTheSeriesChosenAreThere) {
  const WatchChoice choice{.series = {v1::SERIES_GRADIENT_NORM}};
  const v1::Event event = Parse(*WatchView(choice).See(Chunk(0, absl::UnixEpoch())));
  ASSERT_THAT(event.metrics().columns(), SizeIs(1));
  EXPECT_EQ(event.metrics().columns(0).series(), v1::SERIES_GRADIENT_NORM);
  EXPECT_EQ(event.metrics().step_count(), 64);
  EXPECT_FALSE(event.metrics().thinned());
}

TEST(WatchViewTest, AThinnedChunkSaysWhichStepsItHoldsAndStillCoversAll) {
  const WatchChoice choice{.max_steps_per_second = 100};
  WatchView view(choice);
  const v1::Event event = Parse(*view.See(Chunk(640, absl::UnixEpoch())));
  const v1::MetricChunk& chunk = event.metrics();
  EXPECT_TRUE(chunk.thinned());
  EXPECT_EQ(event.sequence(), 7);
  EXPECT_EQ(chunk.first_step(), 640);
  EXPECT_EQ(chunk.step_count(), 64);
  ASSERT_THAT(chunk.steps(), SizeIs(10));  // a tenth of a second's worth to begin with
  for (int k = 0; k < chunk.steps_size(); ++k) {
    const int64_t i = chunk.steps(k) - 640;
    EXPECT_EQ(chunk.columns(0).values(k), i == 40 ? 1000.0 : static_cast<double>(i));
  }
}

TEST(WatchViewTest, KeepsAboutTheRateAskedForByTheTimeOfTheLog) {
  const WatchChoice choice{.max_steps_per_second = 100};
  WatchView view(choice);
  int64_t kept = 0;
  for (int n = 0; n < 100; ++n) {  // 640 steps a second for 10 s
    kept += Parse(*view.See(Chunk(64 * n, absl::UnixEpoch() + n * absl::Milliseconds(100)))).metrics().steps_size();
  }
  EXPECT_GE(kept, 900);
  EXPECT_LE(kept, 1010);
}

TEST(WatchViewTest, AChunkForWhichNothingIsLeftHoldsNoStep) {
  const WatchChoice choice{.max_steps_per_second = 1};
  WatchView view(choice);
  view.See(Chunk(0, absl::UnixEpoch()));
  const v1::Event event = Parse(*view.See(Chunk(64, absl::UnixEpoch())));
  EXPECT_TRUE(event.metrics().thinned());
  EXPECT_THAT(event.metrics().steps(), IsEmpty());
  EXPECT_THAT(event.metrics().columns(), IsEmpty());
}

TEST(WatchViewTest, AChunkThatIsDamagedGoesOutAsItIs) {
  const WatchChoice choice{.series = {v1::SERIES_LOSS}, .max_steps_per_second = 1};
  v1::Event event = Parse(*Chunk(0, absl::UnixEpoch()));
  event.mutable_metrics()->mutable_columns(1)->mutable_values()->RemoveLast();
  const auto bytes = std::make_shared<const std::string>(event.SerializeAsString());
  EXPECT_EQ(WatchView(choice).See(bytes), bytes);
}

TEST(WatchChoiceTest, NamesWhatCannotBeChosen) {
  v1::WatchRequest request;
  request.add_series(v1::SERIES_UNSPECIFIED);
  EXPECT_EQ(ReadChoice(request).status().message(), "series[0] = 0, must be a series");
  request.clear_series();
  request.set_max_steps_per_second(0);
  EXPECT_EQ(ReadChoice(request).status().message(), "max_steps_per_second = 0, must be positive and finite");
  request.set_max_steps_per_second(std::nan(""));
  EXPECT_EQ(ReadChoice(request).status().message(), "max_steps_per_second = nan, must be positive and finite");
  request.set_max_steps_per_second(std::numeric_limits<double>::infinity());
  EXPECT_EQ(ReadChoice(request).status().message(), "max_steps_per_second = inf, must be positive and finite");
}

}  // namespace
}  // namespace trainyard
