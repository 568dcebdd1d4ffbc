#include "core/data/read_ahead.h"

#include <gtest/gtest.h>

#include <array>

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

TEST(ReadAheadTest, RowsThatAreAskedForComeIntoMemory) {
  const std::string bytes = BytesOfRows(1'600'000, Format::kCsv);
  const std::filesystem::path path = Written("asked_for.data", bytes);
  const auto dataset = OpenDropped(path);
  const int64_t all = static_cast<int64_t>(bytes.size() / 4096);
  if (ResidentPages(path) > all / 4)
    GTEST_SKIP() << "this file system keeps pages: " << ResidentPages(path) << " of " << all;
  ReadAhead read_ahead(dataset);
  read_ahead.Ask(0, 800'000);
  read_ahead.Ask(800'000, 1'600'000);
  for (int i = 0; i < 3000 && ResidentPages(path) < all - 4; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_GE(ResidentPages(path), all - 4);
}

// A stretch that was gone when it came again goes once it was used, but one of eight.
TEST(ReadAheadTest, OfRowsThatDoNotStayInMemoryAllButAFewAreLetGo) {
  const std::string bytes = BytesOfRows(1'600'000, Format::kCsv);
  const std::filesystem::path path = Written("let_go.data", bytes);
  const auto dataset = OpenDropped(path);
  const int64_t all = static_cast<int64_t>(bytes.size() / 4096);
  if (ResidentPages(path) > all / 4)
    GTEST_SKIP() << "this file system keeps pages: " << ResidentPages(path) << " of " << all;
  ReadAhead read_ahead(dataset);
  const auto pass = [&] {
    for (int64_t begin = 0; begin < 1'600'000; begin += 50'000) {
      read_ahead.Ask(begin, begin + 50'000);
      for (int i = 0; i < 3000 && !dataset->IsInMemory(begin, begin + 50'000); ++i)
        absl::SleepFor(absl::Milliseconds(1));
    }
  };
  pass();
  EXPECT_GE(ResidentPages(path), all * 9 / 10) << "once, all rows are new";
  dataset->Forget(0, 1'600'000);
  pass();
  pass();
  EXPECT_LE(ResidentPages(path), all / 2);
  EXPECT_GE(ResidentPages(path), all / 8);
}

TEST(ReadAheadTest, RowsThatStayInMemoryAreNotLetGo) {
  const std::string bytes = BytesOfRows(200'000, Format::kCsv);
  const std::filesystem::path path = Written("stays.data", bytes);
  const auto dataset = OpenDropped(path);
  dataset->Fetch(0, 200'000);
  dataset->Await(0, 200'000);
  const int64_t before = ResidentPages(path);
  {
    ReadAhead read_ahead(dataset);
    for (int64_t begin = 0; begin < 2'000'000; begin += 50'000) {
      read_ahead.Ask(begin % 200'000, begin % 200'000 + 50'000);
      absl::SleepFor(absl::Milliseconds(2));
    }
  }
  EXPECT_EQ(ResidentPages(path), before);
}

TEST(ReadAheadTest, EndsWithoutHavingBeenAsked) { const ReadAhead read_ahead(Numbers(1)); }

}  // namespace
}  // namespace trainyard
