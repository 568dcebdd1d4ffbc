#include "server/run/run_log.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "server/wire/run_events.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

constexpr JobKey kJob = 1;

class RunLogTest : public ::testing::Test {
 protected:
  RunLogTest() : directory_(std::filesystem::temp_directory_path() / absl::StrCat("run_log_test_", getpid())) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    const std::string database = (directory_ / "test.db").string();
    queue_ = *CommitQueue::Open(database);
    log_ = std::make_unique<EventLog>(database, *queue_);
    EXPECT_TRUE(log_->Load(kJob).ok());
  }
  ~RunLogTest() override {
    log_.reset();
    queue_.reset();
    std::filesystem::remove_all(directory_);
  }

  static StepMetrics Metrics(int64_t step, double loss = 0.5) {
    return {.step = step,
            .loss = loss + static_cast<double>(step),
            .gradient_norm = 1,
            .learning_rate = 0.1,
            .momentum = 0.9};
  }
  static v1::Event Evaluation(int64_t step, double loss = 0.25) {
    return ToProto(RunEvent(EvaluationReport{.step = step, .values = {{Metric::kLoss, loss}}}));
  }

  // The committed log as text.
  std::vector<std::string> Story() {
    EXPECT_TRUE(queue_->CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); }).ok());
    std::vector<std::string> story;
    const absl::StatusOr<LogPage> page = log_->Read(kJob, 1, 1000);
    if (!page.ok()) return {page.status().ToString()};
    for (const LogEntry& entry : page->entries) {
      v1::Event event;
      EXPECT_TRUE(event.ParseFromString(*entry.event));
      story.push_back(event.has_metrics()
                          ? absl::StrCat("steps ", event.metrics().first_step(), "+", event.metrics().step_count())
                          : absl::StrCat("evaluation ", event.step()));
    }
    return story;
  }

  RunLog Fresh(int64_t newest = 0) { return RunLog(*log_, kJob, "jobs/a", 1, newest); }

  const std::filesystem::path directory_;
  std::unique_ptr<CommitQueue> queue_;
  std::unique_ptr<EventLog> log_;
};

TEST_F(RunLogTest, WritesStepsInChunksAndBeforeTheEventThatFollowsThem) {
  RunLog log = Fresh();
  for (int64_t step = 0; step < 300; ++step) log.Step(Metrics(step));
  log.Tell(Evaluation(300));
  log.Step(Metrics(300));
  log.Flush();
  EXPECT_THAT(Story(), ElementsAre("steps 0+256", "steps 256+44", "evaluation 300", "steps 300+1"));
}

TEST_F(RunLogTest, TheStepsLoggedAreThoseOfTheLastChunkHoweverLargeTheEventsBeforeItAre) {
  RunLog log = Fresh();
  for (int64_t step = 0; step < 100; ++step) {
    log.Step(Metrics(step));
    log.Tell(ToProto(RunEvent(RunWarning{.step = step, .reason = "LARGE", .message = std::string(100'000, 'x')})));
  }
  log.Flush();
  ASSERT_TRUE(queue_->CommitDurablyAndWait([](Connection&) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(LoggedSteps(*log_, kJob, 1).value(), 100);
}

TEST_F(RunLogTest, AReplayComparesInSilenceAndThenGoesOn) {
  RunLog first = Fresh();
  for (int64_t step = 0; step < 10; ++step) first.Step(Metrics(step));
  first.Tell(Evaluation(10));
  first.Step(Metrics(10));
  first.Flush();
  const std::vector<std::string> before = Story();

  RunLog second = Fresh(3);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  for (int64_t step = 0; step < 10; ++step) second.Step(Metrics(step));
  EXPECT_TRUE(second.replaying());
  second.Tell(Evaluation(10));
  second.Step(Metrics(10));
  EXPECT_FALSE(second.replaying());
  EXPECT_EQ(Story(), before);
  second.Step(Metrics(11));
  second.Flush();
  EXPECT_TRUE(second.mismatch().ok());
  EXPECT_THAT(Story(), ElementsAre("steps 0+10", "evaluation 10", "steps 10+1", "steps 11+1"));
}

TEST_F(RunLogTest, AReplayFromTheMiddleOfAChunkSkipsTheStepsBeforeIt) {
  RunLog first = Fresh();
  for (int64_t step = 0; step < 10; ++step) first.Step(Metrics(step));
  first.Flush();
  Story();
  RunLog second = Fresh(1);
  ASSERT_TRUE(second.BeginReplay(0, 4).ok());
  for (int64_t step = 4; step < 10; ++step) second.Step(Metrics(step));
  EXPECT_FALSE(second.replaying());
  EXPECT_TRUE(second.mismatch().ok());
}

TEST_F(RunLogTest, AStepThatDiffersInOneBitIsAMismatch) {
  RunLog first = Fresh();
  first.Step(Metrics(0, 0.1));
  first.Flush();
  Story();
  RunLog second = Fresh(1);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  second.Step(Metrics(0, std::nextafter(0.1, 1)));
  EXPECT_EQ(ErrorReason(second.mismatch()), "REPLAY_MISMATCH");
  EXPECT_EQ(ErrorMetadata(second.mismatch())["step"], "0");
}

TEST_F(RunLogTest, AnEvaluationThatDiffersOrComesInPlaceOfAStepIsAMismatch) {
  RunLog first = Fresh();
  first.Step(Metrics(0));
  first.Tell(Evaluation(1));
  Story();
  RunLog second = Fresh(2);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  second.Step(Metrics(0));
  second.Tell(Evaluation(1, 0.26));
  EXPECT_EQ(ErrorReason(second.mismatch()), "REPLAY_MISMATCH");
  RunLog third = Fresh(2);
  ASSERT_TRUE(third.BeginReplay(0, 0).ok());
  third.Tell(Evaluation(1));
  EXPECT_EQ(ErrorReason(third.mismatch()), "REPLAY_MISMATCH");
}

TEST_F(RunLogTest, ARunThatEndsBeforeItsLogDoesIsAMismatch) {
  RunLog first = Fresh();
  first.Step(Metrics(0));
  first.Step(Metrics(1));
  first.Flush();
  Story();
  RunLog second = Fresh(1);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  second.Step(Metrics(0));
  second.Finish();
  EXPECT_EQ(ErrorReason(second.mismatch()), "REPLAY_MISMATCH");
}

TEST_F(RunLogTest, DuringAReplayThePositionIsBehindTheLastWholeEvent) {
  RunLog first = Fresh();
  for (int64_t step = 0; step < 300; ++step) first.Step(Metrics(step));
  first.Flush();
  Story();
  RunLog second = Fresh(2);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  for (int64_t step = 0; step < 255; ++step) second.Step(Metrics(step));
  EXPECT_EQ(second.position(), 0);
  second.Step(Metrics(255));
  EXPECT_EQ(second.position(), 1);
  for (int64_t step = 256; step < 300; ++step) second.Step(Metrics(step));
  EXPECT_EQ(second.position(), 2);
}

TEST_F(RunLogTest, StepsOfAnotherAttemptAreNotExpected) {
  RunLog first = Fresh();
  first.Step(Metrics(0));
  first.Flush();
  Story();
  RunLog second(*log_, kJob, "jobs/a", 2, 1);
  ASSERT_TRUE(second.BeginReplay(0, 0).ok());
  EXPECT_FALSE(second.replaying());
}

TEST_F(RunLogTest, AnEventThatTheLogRefusesIsAFailure) {
  RunLog log = Fresh();
  log.Tell(Evaluation(1));
  EXPECT_THAT(Story(), ElementsAre("evaluation 1"));
  EXPECT_TRUE(log.failure().ok());
  ASSERT_TRUE(
      queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("ALTER TABLE events RENAME TO kept"); }).ok());
  log.Tell(Evaluation(2));
  ASSERT_TRUE(
      queue_->CommitDurablyAndWait([](Connection& c) { return c.Run("ALTER TABLE kept RENAME TO events"); }).ok());
  EXPECT_FALSE(log.failure().ok());
  EXPECT_THAT(Story(), ElementsAre("evaluation 1"));
}

}  // namespace
}  // namespace trainyard
