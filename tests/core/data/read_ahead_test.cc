#include "core/data/read_ahead.h"

#include <gtest/gtest.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/data/dataset_builder.h"
#include "core/data/read_dataset.h"
#include "tests/core/data/file_pages.h"

namespace trainyard {
namespace {

std::shared_ptr<const Dataset> Numbers(int rows) {
  Schema schema;
  schema.columns = {{.name = "x"}, {.name = "y", .role = ColumnRole::kTarget}};
  DatasetBuilder builder(schema);
  for (int i = 0; i < rows; ++i) builder.AddRow(std::array<double, 2>{i + 0.5, 2.0 * i});
  return std::move(builder).Build();
}

TEST(ReadAheadTest, ReadingChangesNothingAndMayBeAskedForAtAnyTime) {
  const auto dataset = Numbers(10'000);
  {
    ReadAhead read_ahead(dataset);
    for (int64_t begin = 0; begin < 10'000; begin += 100) {
      read_ahead.Ask(begin, begin + 100);
      read_ahead.Ask((begin + 5'000) % 10'000, (begin + 5'000) % 10'000 + 100);
      read_ahead.Ask(begin, begin + 100);
    }
  }
  for (int64_t row = 0; row < 10'000; row += 99) EXPECT_EQ(dataset->Number(row, 0), static_cast<double>(row) + 0.5);
}

// A data set in a file, of which nothing is in memory but what is asked for.
class ReadAheadOfFileTest : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 1'600'000;
  static constexpr int64_t kStretch = 50'000;

  void SetUp() override {
    const std::string bytes = BytesOfRows(kRows, Format::kCsv);
    path_ = Written(absl::StrCat(::testing::UnitTest::GetInstance()->current_test_info()->name(), ".data"), bytes);
    dataset_ = OpenDropped(path_);
    pages_ = static_cast<int64_t>(bytes.size() / 4096);
    if (Resident() > pages_ / 4) GTEST_SKIP() << "this file system keeps pages: " << Resident() << " of " << pages_;
  }

  int64_t Resident() const { return ResidentPages(path_); }
  void Await(int64_t begin, int64_t end) const {
    for (int i = 0; i < 3000 && !dataset_->IsInMemory(begin, end); ++i) absl::SleepFor(absl::Milliseconds(1));
    EXPECT_TRUE(dataset_->IsInMemory(begin, end)) << begin;
  }

  // All rows, as whoever trains needs them: a stretch is asked for and awaited.
  void Pass(ReadAhead& read_ahead) const {
    for (int64_t begin = 0; begin < kRows; begin += kStretch) {
      read_ahead.Ask(begin, begin + kStretch);
      read_ahead.AwaitBegun();
      Await(begin, begin + kStretch);
    }
  }

  std::filesystem::path path_;
  std::shared_ptr<const Dataset> dataset_;
  int64_t pages_ = 0;
};

TEST_F(ReadAheadOfFileTest, RowsThatAreAskedForComeIntoMemory) {
  ReadAhead read_ahead(dataset_);
  read_ahead.Ask(0, kRows / 2);
  read_ahead.Ask(kRows / 2, kRows);
  for (int i = 0; i < 3000 && Resident() < pages_ - 4; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_GE(Resident(), pages_ - 4);
}

// A stretch that was gone when it came again goes once it was used, but one of eight.
TEST_F(ReadAheadOfFileTest, OfRowsThatDoNotStayInMemoryAllButAFewAreLetGo) {
  ReadAhead read_ahead(dataset_);
  Pass(read_ahead);
  EXPECT_GE(Resident(), pages_ * 9 / 10) << "once, all rows are new";
  dataset_->Forget(0, kRows);
  Pass(read_ahead);
  // The system may keep pages that it is told to drop, for a while.
  for (int pass = 0; pass < 10 && (pass == 0 || Resident() > pages_ / 2); ++pass) Pass(read_ahead);
  EXPECT_LE(Resident(), pages_ / 2);
  EXPECT_GE(Resident(), pages_ / 8);
}

TEST_F(ReadAheadOfFileTest, RowsThatStayInMemoryAreNotLetGo) {
  dataset_->Fetch(0, kRows);
  dataset_->Await(0, kRows);
  const int64_t before = Resident();
  ReadAhead read_ahead(dataset_);
  for (int pass = 0; pass < 10; ++pass) Pass(read_ahead);
  EXPECT_EQ(Resident(), before);
}

TEST(ReadAheadTest, EndsWithoutHavingBeenAsked) { const ReadAhead read_ahead(Numbers(1)); }

}  // namespace
}  // namespace trainyard
