#include "server/store/tail_table.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace trainyard {
namespace {

// Commits one event of so many bytes.
void Grow(TailTable& table, JobKey job, size_t bytes) {
  const std::shared_ptr<JobTail> tail = table.Get(job);
  tail->Load({});
  const int64_t sequence = tail->Number(false, [](int64_t, Summarizer&) { return 0; }).value();
  table.Grew(job, tail->Committed({sequence, std::make_shared<const std::string>(bytes, 'x')}, false));
}

// Whether the job's newest event is in memory.
bool IsKept(const TailTable& table, JobKey job) {
  const std::shared_ptr<JobTail> tail = table.Find(job);
  return tail->Read(tail->range()->newest, 1).value().has_value();
}

TEST(TailTableTest, FindMakesNoneAndGetMakesOne) {
  TailTable table(1000);
  EXPECT_EQ(table.Find(1), nullptr);
  const std::shared_ptr<JobTail> tail = table.Get(1);
  EXPECT_FALSE(tail->loaded());
  EXPECT_EQ(table.Find(1), tail);
  EXPECT_EQ(table.Get(1), tail);
}

TEST(TailTableTest, AnErasedTailIsMadeAnew) {
  TailTable table(1000);
  const std::shared_ptr<JobTail> tail = table.Get(1);
  table.Erase(1);
  table.Erase(2);
  EXPECT_EQ(table.Find(1), nullptr);
  EXPECT_NE(table.Get(1), tail);
}

TEST(TailTableTest, BeyondTheBudgetTheJobThatGrewLongestAgoIsTrimmed) {
  TailTable table(1000);
  for (const JobKey job : {1, 2, 3}) Grow(table, job, 300);
  Grow(table, 1, 50);
  EXPECT_TRUE(IsKept(table, 1) && IsKept(table, 2) && IsKept(table, 3));
  Grow(table, 3, 200);
  EXPECT_FALSE(IsKept(table, 2));
  EXPECT_TRUE(IsKept(table, 1) && IsKept(table, 3));
}

TEST(TailTableTest, ErasingMakesRoom) {
  TailTable table(1000);
  for (const JobKey job : {1, 2}) Grow(table, job, 450);
  table.Erase(2);
  Grow(table, 3, 450);
  EXPECT_TRUE(IsKept(table, 1) && IsKept(table, 3));
}

TEST(TailTableTest, TheJobThatJustGrewIsSpared) {
  TailTable table(100);
  Grow(table, 1, 5000);
  EXPECT_TRUE(IsKept(table, 1));
}

}  // namespace
}  // namespace trainyard
