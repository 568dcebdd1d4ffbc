#include "core/base/crew.h"

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

// Helpers that are always there, until the test ends.
class Helpers {
 public:
  Helpers(Crew& crew, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &crew] {
        while (!over_.load()) crew.Help([this] { return over_.load(); });
      });
    }
  }
  ~Helpers() {
    over_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::atomic<bool> over_ = false;
  std::vector<std::thread> threads_;
};

TEST(CrewTest, EachPartIsDoneOnceHoweverManyHelp) {
  for (const int helpers : {0, 1, 3}) {
    Crew crew(3, [] {});
    Helpers there(crew, helpers);
    for (int64_t round = 0; round < 2000; ++round) {
      const int64_t count = round % 37;
      std::vector<int> times(count);
      crew.ForEach(count, [&](int64_t part, int) { ++times[part]; });
      for (const int n : times) ASSERT_EQ(n, 1);
    }
  }
}

TEST(CrewTest, WhatOneRoundWroteTheNextSees) {
  Crew crew(2, [] {});
  Helpers there(crew, 2);
  std::vector<int64_t> values(64, 0);
  for (int round = 0; round < 2000; ++round) {
    crew.ForEach(64, [&](int64_t part, int) { ++values[(part + round) % 64]; });
  }
  EXPECT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), 64 * 2000);
}

TEST(CrewTest, ThreadsAtWorkAtTheSameTimeAreDifferentMembers) {
  Crew crew(2, [] {});
  Helpers there(crew, 4);  // of whom two are let in
  std::vector<std::atomic<int>> at_work(crew.size());
  for (int round = 0; round < 500; ++round) {
    crew.ForEach(16, [&](int64_t, int member) {
      ASSERT_LT(member, crew.size());
      EXPECT_EQ(at_work[member].fetch_add(1), 0);
      at_work[member].fetch_sub(1);
    });
  }
}

TEST(CrewTest, CallsForHelpAsLongAsThereIsTooLittle) {
  int calls = 0;
  Crew crew(1, [&] { ++calls; });
  crew.ForEach(3, [](int64_t, int) {});
  crew.ForEach(3, [](int64_t, int) {});
  EXPECT_EQ(calls, 2);
}

TEST(CrewTest, AHelperForWhomNothingComesGoesAway) {
  Crew crew(1, [] {});
  crew.Help([] { return false; });
}

TEST(CrewTest, AHelperLeavesWhenItIsTold) {
  Crew crew(1, [] {});
  int asked = 0;
  crew.Help([&] { return ++asked > 0; });
  EXPECT_EQ(asked, 1);
}

TEST(CrewTest, WithoutACrewThePartsAreDoneInOrder) {
  std::vector<int64_t> parts;
  ForEachPart(nullptr, 4, [&](int64_t part, int member) {
    EXPECT_EQ(member, 0);
    parts.push_back(part);
  });
  EXPECT_EQ(parts, (std::vector<int64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace trainyard
