#include "server/store/job_tail.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

LogEntry Entry(int64_t sequence, size_t bytes = 10) {
  return {sequence, std::make_shared<const std::string>(bytes, 'x')};
}

class JobTailTest : public testing::Test {
 protected:
  int64_t Number(bool terminal = false) {
    return tail_.Number(terminal, [](int64_t, Summarizer&) { return 10; }).value();
  }

  JobTail tail_;
};

TEST_F(JobTailTest, KnowsNothingBeforeItIsLoaded) {
  EXPECT_FALSE(tail_.loaded());
  EXPECT_FALSE(tail_.range().has_value());
  EXPECT_FALSE(tail_.Read(1, 10).value().has_value());
  EXPECT_TRUE(absl::IsFailedPrecondition(tail_.Number(false, [](int64_t, Summarizer&) { return 0; }).status()));
}

TEST_F(JobTailTest, OnlyTheFirstLoadCounts) {
  tail_.Load({.oldest = 3, .newest = 5});
  tail_.Load({.oldest = 1, .newest = 9, .ended = true});
  EXPECT_EQ(tail_.range()->oldest, 3);
  EXPECT_EQ(tail_.range()->newest, 5);
  EXPECT_FALSE(tail_.range()->ended);
  EXPECT_EQ(Number(), 6);
}

TEST_F(JobTailTest, EnqueueIsGivenTheNumberAndTellsTheBytes) {
  tail_.Load({});
  int64_t given = 0;
  const auto enqueue = [&given](int64_t sequence, Summarizer&) {
    given = sequence;
    return 25;
  };
  EXPECT_EQ(tail_.Number(false, enqueue).value(), 1);
  EXPECT_EQ(given, 1);
  EXPECT_EQ(tail_.uncommitted_bytes(), 25);
}

TEST_F(JobTailTest, NothingIsNumberedAfterATerminalEvent) {
  tail_.Load({});
  Number(true);
  EXPECT_TRUE(absl::IsFailedPrecondition(tail_.Number(false, [](int64_t, Summarizer&) { return 0; }).status()));
}

TEST_F(JobTailTest, NoNumberIsWrittenAfterOneThatWasNot) {
  tail_.Load({});
  for (int i = 0; i < 3; ++i) Number();
  EXPECT_TRUE(tail_.MayWrite(1).ok());
  EXPECT_TRUE(tail_.MayWrite(2).ok());
  tail_.CouldNotWrite(2);
  EXPECT_TRUE(absl::IsAborted(tail_.MayWrite(3)));
}

TEST_F(JobTailTest, AGroupThatIsWrittenAgainMayWriteAllItsNumbers) {
  tail_.Load({});
  for (int i = 0; i < 3; ++i) Number();
  ASSERT_TRUE(tail_.MayWrite(1).ok());
  ASSERT_TRUE(tail_.MayWrite(2).ok());
  tail_.CouldNotWrite(2);
  for (const int64_t sequence : {1, 2, 3}) EXPECT_TRUE(tail_.MayWrite(sequence).ok());
}

TEST_F(JobTailTest, AGroupThatIsWrittenAgainWithoutOneOfItsNumbersWritesNoneAfterIt) {
  tail_.Load({});
  for (int i = 0; i < 3; ++i) Number();
  ASSERT_TRUE(tail_.MayWrite(1).ok());
  ASSERT_TRUE(tail_.MayWrite(2).ok());
  tail_.CouldNotWrite(2);
  EXPECT_TRUE(tail_.MayWrite(1).ok());
  EXPECT_TRUE(absl::IsAborted(tail_.MayWrite(3)));
  tail_.CouldNotWrite(1);
  EXPECT_TRUE(tail_.MayWrite(1).ok());
  EXPECT_TRUE(absl::IsAborted(tail_.MayWrite(3)));
}

TEST_F(JobTailTest, NumbersAreGivenOutAnewWithTheLastThatWasDropped) {
  tail_.Load({});
  for (int i = 0; i < 3; ++i) Number(i == 2);
  tail_.CouldNotWrite(2);
  tail_.Committed(Entry(1), false);
  tail_.Dropped(10);
  EXPECT_FALSE(tail_.Number(false, [](int64_t, Summarizer&) { return 0; }).ok());  // the terminal one still waits
  tail_.Dropped(10);
  EXPECT_EQ(tail_.uncommitted_bytes(), 0);
  EXPECT_EQ(Number(), 2);
  EXPECT_TRUE(tail_.MayWrite(2).ok());
}

TEST_F(JobTailTest, CommittedTellsByHowMuchMemoryGrew) {
  tail_.Load({});
  for (int i = 0; i < 3; ++i) Number();
  EXPECT_EQ(tail_.Committed(Entry(1, 600'000), false), 600'000);
  EXPECT_EQ(tail_.Committed(Entry(2, 400'000), false), 400'000);
  EXPECT_EQ(tail_.Committed(Entry(3, 500'000), false), -100'000);  // the first goes: beyond 1 MiB
}

TEST_F(JobTailTest, TrimForgetsTheEventsAndNotTheNumbers) {
  tail_.Load({});
  Number();
  tail_.Committed(Entry(1), false);
  EXPECT_EQ(tail_.Trim(), 10);
  EXPECT_EQ(tail_.Trim(), 0);
  EXPECT_FALSE(tail_.Read(1, 10).value().has_value());
  EXPECT_EQ(tail_.range()->newest, 1);
}

}  // namespace
}  // namespace trainyard
