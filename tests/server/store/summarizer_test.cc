#include "server/store/summarizer.h"

#include <cmath>
#include <functional>

#include "gmock/gmock.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Feeds a summarizer with events of one job, and keeps what it completes.
class SummarizerTest : public testing::Test {
 protected:
  void Add(v1::Event event) {
    event.set_sequence(++sequence_);
    event.set_attempt(attempt_);
    for (MetricSummary& summary : summarizer_.Add(event)) summaries_[summary.level].push_back(std::move(summary));
  }
  void AddSteps(int64_t first_step, int64_t count, const std::function<double(int64_t)>& value) {
    v1::Event event;
    event.set_step(first_step);
    event.mutable_metrics()->set_first_step(first_step);
    event.mutable_metrics()->set_step_count(count);
    v1::MetricColumn& column = *event.mutable_metrics()->add_columns();
    column.set_series(v1::SERIES_LOSS);
    for (int64_t step = first_step; step < first_step + count; ++step) column.add_values(value(step));
    Add(std::move(event));
  }
  // Up to `end_step`, in chunks of 256, each of its own value.
  void AddStepsUpTo(int64_t end_step, int64_t first_step = 0) {
    for (int64_t step = first_step; step < end_step; step += 256)
      AddSteps(step, std::min<int64_t>(256, end_step - step), [](int64_t i) { return static_cast<double>(i); });
  }
  void AddOther(int64_t step) {
    v1::Event event;
    event.set_step(step);
    event.mutable_evaluation();
    Add(std::move(event));
  }
  const std::vector<MetricSummary>& Level(int level) { return summaries_[level]; }

  Summarizer summarizer_;
  int64_t sequence_ = 0;
  int32_t attempt_ = 1;
  std::array<std::vector<MetricSummary>, kCoarsestLevel + 1> summaries_;
};

TEST_F(SummarizerTest, ASummaryIsCompleteWith64Cells) {
  AddStepsUpTo(4095);
  EXPECT_THAT(Level(1), IsEmpty());
  AddSteps(4095, 1, [](int64_t) { return 0; });
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].first_step, 0);
  EXPECT_EQ(Level(1)[0].end_step, 4096);
  EXPECT_EQ(Level(1)[0].cell_count(), 64);
  EXPECT_EQ(Level(1)[0].columns[0].cells.size(), 64u);
}

TEST_F(SummarizerTest, CellsHoldTheExtremaOfTheirSteps) {
  for (int64_t step = 0; step < 4096; step += 128) AddSteps(step, 128, [](int64_t i) { return std::cos(0.1 * i); });
  ASSERT_EQ(Level(1).size(), 1u);
  for (int cell = 0; cell < 64; ++cell) {
    const Extrema& extrema = Level(1)[0].columns[0].cells[cell];
    double minimum = 1;
    double maximum = -1;
    for (int step = 64 * cell; step < 64 * (cell + 1); ++step) {
      minimum = std::min(minimum, std::cos(0.1 * step));
      maximum = std::max(maximum, std::cos(0.1 * step));
    }
    EXPECT_EQ(extrema.minimum, minimum);
    EXPECT_EQ(extrema.maximum, maximum);
    EXPECT_EQ(std::cos(0.1 * (64 * cell + extrema.minimum_offset)), minimum);
    EXPECT_EQ(std::cos(0.1 * (64 * cell + extrema.maximum_offset)), maximum);
    EXPECT_EQ(extrema.count, 64);
  }
}

TEST_F(SummarizerTest, AValueThatHoldsForAllStepsIsThatOfEachCell) {
  v1::Event event;
  event.mutable_metrics()->set_step_count(4096);
  event.mutable_metrics()->add_columns()->add_values(0.5);
  Add(event);
  ASSERT_EQ(Level(1).size(), 1u);
  for (const Extrema& cell : Level(1)[0].columns[0].cells) {
    EXPECT_EQ(cell.minimum, 0.5);
    EXPECT_EQ(cell.maximum, 0.5);
    EXPECT_EQ(cell.count, 64);
  }
}

TEST_F(SummarizerTest, ChunksNeedNotBeginWithACell) {
  AddStepsUpTo(9000, 100);
  ASSERT_EQ(Level(1).size(), 2u);
  const MetricSummary& first = Level(1)[0];
  const MetricSummary& second = Level(1)[1];
  EXPECT_EQ(first.first_step, 100);
  EXPECT_EQ(first.columns[0].cells[0].minimum_offset, 100 % 64);
  EXPECT_EQ(second.first_step, first.end_step);
  EXPECT_EQ(first.columns[0].cells.back().count + second.columns[0].cells.front().count, 64);
}

TEST_F(SummarizerTest, TogetherTheSummariesOfALevelCoverAllEventsOfTheirs) {
  AddOther(0);
  for (int64_t step = 0; step < 300 * 1000; step += 500) {
    AddSteps(step, 500, [](int64_t) { return 1; });
    AddOther(step + 500);
  }
  int64_t next = 1;
  for (const MetricSummary& summary : Level(1)) {
    EXPECT_EQ(summary.first_sequence, next);
    next = summary.last_sequence + 1;
  }
  ASSERT_EQ(Level(2).size(), 1u);
  const MetricSummary& coarse = Level(2)[0];
  EXPECT_EQ(coarse.first_sequence, 1);
  EXPECT_THAT(Level(1), testing::Contains(testing::Field(&MetricSummary::last_sequence, coarse.last_sequence)));
  EXPECT_GE(coarse.end_step, 64 * 4096);
  EXPECT_EQ(coarse.columns[0].cells[0].count, 4096);
}

TEST_F(SummarizerTest, NamesTheEventsWithoutMetrics) {
  AddOther(0);
  AddStepsUpTo(1024);
  AddOther(1024);
  AddStepsUpTo(5 * 1024, 1024);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_THAT(Level(1)[0].others, ElementsAre(1, 6));
}

TEST_F(SummarizerTest, KnowsTheLeastStepOfItsEvents) {
  AddStepsUpTo(5000, 512);
  AddOther(7);
  AddStepsUpTo(10'000, 5000);
  ASSERT_GE(Level(1).size(), 2u);
  EXPECT_EQ(Level(1)[0].least_event_step, 512);
  EXPECT_EQ(Level(1)[1].least_event_step, 7);
}

TEST_F(SummarizerTest, AnotherAttemptBeginsAnew) {
  AddStepsUpTo(4000);
  attempt_ = 2;
  AddStepsUpTo(4000 + 4096, 4000);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].attempt, 2);
  EXPECT_EQ(Level(1)[0].first_step, 4000);
}

TEST_F(SummarizerTest, NumbersThatDoNotGoOnByOneBeginAnew) {
  AddStepsUpTo(4000);
  const int64_t dropped = sequence_;
  sequence_ = dropped - 1;  // its write failed: the number is given out again
  AddStepsUpTo(3900 + 4096, 3900);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].first_sequence, dropped);
}

TEST_F(SummarizerTest, StepsThatDoNotRiseBeginAnew) {
  AddStepsUpTo(4000);
  AddStepsUpTo(100 + 4096, 100);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].first_step, 100);
}

TEST_F(SummarizerTest, AChunkWhoseColumnsDoNotFitIsNotCovered) {
  v1::Event event;
  event.mutable_metrics()->set_step_count(10);
  event.mutable_metrics()->add_columns()->mutable_values()->Resize(3, 0);
  Add(event);
  AddStepsUpTo(4096);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].first_sequence, 2);
}

TEST_F(SummarizerTest, ALongGapOfStepsMakesNoCells) {
  AddStepsUpTo(512);
  AddStepsUpTo(int64_t{1} << 40, (int64_t{1} << 40) - 4096);
  ASSERT_EQ(Level(1).size(), 2u);
  EXPECT_EQ(Level(1)[0].cell_count(), 8);
  EXPECT_EQ(Level(1)[1].cell_count(), 64);
}

TEST_F(SummarizerTest, EventsWithoutMetricsAloneAreCoveredToo) {
  for (int i = 0; i < 5000; ++i) AddOther(i);
  ASSERT_EQ(Level(1).size(), 1u);
  EXPECT_EQ(Level(1)[0].others.size(), 4096u);
  EXPECT_EQ(Level(1)[0].cell_count(), 0);
}

TEST_F(SummarizerTest, ASeriesThatOnlySomeChunksHaveHasCellsWithoutValues) {
  AddStepsUpTo(2048);
  v1::Event event;
  event.mutable_metrics()->set_first_step(2048);
  event.mutable_metrics()->set_step_count(2048);
  v1::MetricColumn& penalty = *event.mutable_metrics()->add_columns();
  penalty.set_series(v1::SERIES_PENALTY);
  penalty.add_values(1);
  Add(event);
  ASSERT_EQ(Level(1).size(), 1u);
  ASSERT_EQ(Level(1)[0].columns.size(), 2u);
  const auto& [loss, later] = std::tie(Level(1)[0].columns[0].cells, Level(1)[0].columns[1].cells);
  EXPECT_EQ(loss[31].count, 64);
  EXPECT_EQ(loss[32].count, 0);
  EXPECT_EQ(later[31].count, 0);
  EXPECT_EQ(later[63].count, 64);
}

}  // namespace
}  // namespace trainyard
