#include "server/run/deadlines.h"

#include <vector>

#include "absl/time/clock.h"
#include "gmock/gmock.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class DeadlinesTest : public ::testing::Test {
 protected:
  // Waits until so many were told.
  std::vector<std::string> Told(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [this, count] { return told_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
    return told_;
  }

  absl::Mutex mutex_;
  std::vector<std::string> told_;
  Deadlines deadlines_{[this](const std::string& name) {
    absl::MutexLock lock(&mutex_);
    told_.push_back(name);
  }};
};

TEST_F(DeadlinesTest, WhatIsPastComesAtOnce) {
  deadlines_.Set("a", absl::InfinitePast());
  EXPECT_THAT(Told(1), ElementsAre("a"));
}

TEST_F(DeadlinesTest, DeadlinesComeInTheOrderOfTheirTimesAndNotBefore) {
  const absl::Time now = absl::Now();
  deadlines_.Set("later", now + absl::Milliseconds(40));
  deadlines_.Set("sooner", now + absl::Milliseconds(20));
  EXPECT_THAT(Told(2), ElementsAre("sooner", "later"));
  EXPECT_GE(absl::Now(), now + absl::Milliseconds(40));
}

TEST_F(DeadlinesTest, AnotherTimeTakesThePlaceOfTheFormer) {
  deadlines_.Set("a", absl::Now() + absl::Hours(1));
  deadlines_.Set("a", absl::InfinitePast());
  deadlines_.Set("b", absl::InfinitePast());
  EXPECT_THAT(Told(2), UnorderedElementsAre("a", "b"));
}

TEST_F(DeadlinesTest, WhatIsClearedNeverComes) {
  deadlines_.Set("a", absl::Now() + absl::Milliseconds(20));
  deadlines_.Clear("a");
  deadlines_.Clear("never set");
  deadlines_.Set("b", absl::Now() + absl::Milliseconds(30));
  EXPECT_THAT(Told(1), ElementsAre("b"));
}

TEST_F(DeadlinesTest, AfterStopNothingIsTold) {
  deadlines_.Stop();
  deadlines_.Set("a", absl::InfinitePast());
  absl::MutexLock lock(&mutex_);
  EXPECT_THAT(told_, ElementsAre());
}

}  // namespace
}  // namespace trainyard
