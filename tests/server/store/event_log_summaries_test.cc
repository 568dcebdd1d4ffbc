#include "gmock/gmock.h"
#include "server/store/event_log.h"
#include "tests/server/store/store_fixtures.h"

namespace trainyard {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kEveryNumber = 1'000'000;

v1::Event Chunk(int64_t first_step, int count = 256) {
  v1::Event event;
  event.set_step(first_step);
  event.mutable_metrics()->set_first_step(first_step);
  event.mutable_metrics()->set_step_count(count);
  event.mutable_metrics()->add_columns()->add_values(static_cast<double>(first_step));
  return event;
}

class EventLogSummariesTest : public EventLogTest {
 protected:
  void AppendChunks(int64_t first_step, int count) {
    for (int i = 0; i < count; ++i) log_->Append(kJob, Chunk(first_step + 256 * i));
    Drain();
  }
  std::vector<MetricSummary> Summaries(int64_t first = 1, int64_t last = kEveryNumber) {
    return log_->Summaries(kJob, 1, first, last).value();
  }
};

TEST_F(EventLogSummariesTest, LieBesideTheirEvents) {
  AppendChunks(0, 40);
  const std::vector<MetricSummary> summaries = Summaries();
  ASSERT_THAT(summaries, SizeIs(2));
  EXPECT_EQ(summaries[0].first_sequence, 1);
  EXPECT_EQ(summaries[1].last_sequence, 32);
  EXPECT_EQ(summaries[1].end_step, 32 * 256);
  EXPECT_EQ(summaries[1].columns[0].cells[0].minimum, 16 * 256);
}

TEST_F(EventLogSummariesTest, OfOtherEventsAndJobsAreNotRead) {
  AppendChunks(0, 48);
  EXPECT_THAT(Summaries(2, 48), SizeIs(2));
  EXPECT_THAT(Summaries(1, 47), SizeIs(2));
  EXPECT_THAT(Summaries(17, 32), SizeIs(1));
  EXPECT_THAT(log_->Summaries(kJob + 1, 1, 1, kEveryNumber).value(), IsEmpty());
}

TEST_F(EventLogSummariesTest, WhatWasNotCompleteAtARestartIsNotSummedUp) {
  AppendChunks(0, 20);
  Reopen();
  AppendChunks(20 * 256, 16);
  const std::vector<MetricSummary> summaries = Summaries();
  ASSERT_THAT(summaries, SizeIs(2));
  EXPECT_EQ(summaries[0].last_sequence, 16);
  EXPECT_EQ(summaries[1].first_sequence, 21);
}

TEST_F(EventLogSummariesTest, AreNotWrittenWhereTheirEventIsNot) {
  AppendChunks(0, 15);
  log_->Append(kJob, Chunk(15 * 256), [](Connection&) { return absl::InternalError("refused"); });
  Drain();
  EXPECT_THAT(Summaries(), IsEmpty());
  AppendChunks(15 * 256, 16);
  ASSERT_THAT(Summaries(), SizeIs(1));
  EXPECT_EQ(Summaries()[0].first_sequence, 16);
  EXPECT_EQ(Summaries()[0].first_step, 15 * 256);
}

TEST_F(EventLogSummariesTest, SomeEventsAreReadByTheirNumbers) {
  AppendSteps(10);
  std::vector<int64_t> read;
  const std::vector<int64_t> asked = {2, 5, 10, 11};
  const std::vector<LogEntry> entries = log_->ReadSome(kJob, asked).value();
  for (const LogEntry& entry : entries) {
    EXPECT_EQ(Parse(entry).sequence(), entry.sequence);
    read.push_back(entry.sequence);
  }
  EXPECT_THAT(read, ElementsAre(2, 5, 10));
  EXPECT_THAT(log_->ReadSome(kJob, {}).value(), IsEmpty());
}

}  // namespace
}  // namespace trainyard
