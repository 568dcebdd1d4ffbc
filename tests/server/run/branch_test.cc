#include "server/run/branch.h"

#include "core/base/status.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

// Attempt 1 from step 0, attempt 2 from step 50, attempt 3 from step 40.
v1::Job Job() {
  v1::Job job;
  job.set_attempt(3);
  for (const auto& [attempt, step] : {std::pair(1, 0), std::pair(2, 50), std::pair(3, 40)}) {
    v1::Attempt& one = *job.add_attempts();
    one.set_attempt(attempt);
    one.set_first_step(step);
  }
  return job;
}

// The newest first.
std::vector<StoredCheckpoint> Kept() {
  std::vector<StoredCheckpoint> kept;
  for (const auto& [attempt, step] : {std::pair(3, 60), std::pair(3, 40), std::pair(2, 60), std::pair(2, 50),
                                      std::pair(1, 60), std::pair(1, 40), std::pair(1, 20)}) {
    kept.push_back({.attempt = attempt, .step = step});
  }
  return kept;
}

std::pair<int, int> Chosen(std::optional<int64_t> step) {
  const auto chosen = ChooseCheckpoint(Job(), Kept(), step);
  return chosen.ok() ? std::pair<int, int>(chosen->attempt, chosen->step) : std::pair(0, 0);
}

TEST(BranchTest, WithoutAStepTheNewestCheckpointIsChosen) { EXPECT_EQ(Chosen(std::nullopt), std::pair(3, 60)); }

TEST(BranchTest, OfEqualStepsTheNewestAttemptsIsChosen) {
  EXPECT_EQ(Chosen(60), std::pair(3, 60));
  EXPECT_EQ(Chosen(40), std::pair(3, 40));
}

TEST(BranchTest, AnEarlierAttemptsCheckpointsCountUpToWhereALaterOneBegan) {
  EXPECT_EQ(Chosen(20), std::pair(1, 20));
  EXPECT_EQ(Chosen(50), std::pair(0, 0));  // of attempt 2, beyond step 40
}

TEST(BranchTest, WhatIsNotKeptIsRefusedWithTheStepsThatAre) {
  const absl::Status status = ChooseCheckpoint(Job(), Kept(), 50).status();
  EXPECT_EQ(ErrorReason(status), "NO_CHECKPOINT");
  EXPECT_EQ(ErrorMetadata(status).at("steps"), "60, 40, 40, 20");
}

TEST(BranchTest, OfAJobThatDoesNotTellItsAttemptsOnlyTheNewestOnesCount) {
  v1::Job job;
  job.set_attempt(2);
  EXPECT_EQ(ChooseCheckpoint(job, Kept(), 50)->attempt, 2);
  EXPECT_FALSE(ChooseCheckpoint(job, Kept(), 20).ok());
}

TEST(BranchTest, FirstStepsAreThoseOfTheJobsAttempts) {
  EXPECT_EQ(FirstStepOf(Job(), 2), 50);
  EXPECT_EQ(FirstStepOf(Job(), 9), 0);
}

}  // namespace
}  // namespace trainyard
