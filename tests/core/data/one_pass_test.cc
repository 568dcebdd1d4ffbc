// Tables that are larger than what the layout of the records is drafted from.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

constexpr int kRows = 700'000;  // of 8 bytes and more each

// `line` repeated, with other lines from `at` on.
std::string Table(const std::string& header, const std::string& line, const std::vector<std::string>& last = {}) {
  std::string content = header + "\n";
  for (size_t i = last.size(); i < kRows; ++i) content += line + "\n";
  for (const std::string& row : last) content += row + "\n";
  return content;
}

class CountingSink final : public ByteSink {
 public:
  absl::Status Append(std::string_view) override { return absl::OkStatus(); }
  absl::Status Overwrite(std::string_view) override { return absl::OkStatus(); }
  absl::Status Restart() override {
    ++restarts;
    return absl::OkStatus();
  }
  int restarts = 0;
};

int Restarts(const std::string& content) {
  CountingSink sink;
  EXPECT_TRUE(ReadDataset(content, {}, {}, sink).ok());
  return sink.restarts;
}

TEST(OnePassTest, CellsAreWrittenOnceWhereAllRowsAreAsTheFirst) {
  EXPECT_EQ(Restarts(Table("a,b,c,y", "0.1,x,3,0", {"1.25,x,4,0"})), 0);
}

TEST(OnePassTest, AWiderNumberLate) {
  const std::string content = Table("a,b,y", "7,200,1.5", {"0.1,256,1.5", "7,1,1.5"});
  EXPECT_EQ(Restarts(content), 1);
  const Reading reading = *Read(content);
  EXPECT_EQ(reading.place("a").kind, CellKind::kF64);
  EXPECT_EQ(reading.place("b").kind, CellKind::kF32);
  EXPECT_EQ(reading.dataset->Number(kRows - 2, 0), 0.1);
  EXPECT_EQ(reading.dataset->Number(kRows - 1, 1), 1);
  EXPECT_EQ(reading.column("a").numeric.minimum, 0.1);
}

TEST(OnePassTest, AMissingCellLate) {
  const Reading reading = *Read(Table("a,b,y", "7,200,1.5", {"7,,1.5"}));
  EXPECT_EQ(reading.column("b").missing_count, 1);
  EXPECT_TRUE(std::isnan(reading.dataset->Number(kRows - 1, 1)));
  EXPECT_EQ(reading.dataset->Number(0, 1), 200);
}

TEST(OnePassTest, TextLate) {
  const Reading reading = *Read(Table("a,b,y", "7,200,1.5", {"7,x,1.5"}));
  EXPECT_THAT(CategoriesOf(reading.column("b")), ElementsAre("200:" + std::to_string(kRows - 1), "x:1"));
  EXPECT_EQ(reading.dataset->Code(0, 1), 0u);
  EXPECT_EQ(reading.dataset->Code(kRows - 1, 1), 1u);
}

TEST(OnePassTest, ACategoryLate) {
  const std::string content = Table("a,b,y", "7,x,1.5", {"7,y,1.5", "7,zzzzzzzz,1.5", "7,y,1.5"});
  const Reading reading = *Read(content);
  EXPECT_EQ(reading.dataset->Code(kRows - 1, 1), 1u);
  EXPECT_EQ(reading.column("b").categories.size(), 3u);
}

TEST(OnePassTest, AClassLate) {
  const Reading reading = *Read(Table("a,b,y", "7,1.5,3", {"7,1.5,2"}));
  EXPECT_THAT(CategoriesOf(reading.column("y")), ElementsAre("2:1", "3:" + std::to_string(kRows - 1)));
  EXPECT_EQ(reading.dataset->Code(0, 2), 1u);
  EXPECT_EQ(reading.dataset->Code(kRows - 1, 2), 0u);
}

TEST(OnePassTest, AFractionLateInATargetOfClasses) {
  const Reading reading = *Read(Table("a,b,y", "7,1.5,3", {"7,1.5,2.5"}));
  EXPECT_EQ(reading.column("y").type, ColumnType::kNumeric);
  EXPECT_EQ(reading.dataset->Number(0, 2), 3);
}

TEST(OnePassTest, TellsHowFarItIs) {
  const std::string content = Table("a,b,y", "7,1.5,3");
  size_t last = 0;
  StringSink sink;
  const auto passed = [&last](size_t position) {
    last = position;
    return absl::OkStatus();
  };
  ASSERT_TRUE(ReadDataset(content, {}, {}, sink, passed).ok());
  EXPECT_GT(last, content.size() / 2);
  EXPECT_LE(last, content.size());
}

TEST(OnePassTest, EndsWhereItIsToldTo) {
  StringSink sink;
  const absl::Status end = absl::CancelledError("end");
  int told = 0;
  const auto passed = [&](size_t) { return ++told == 2 ? end : absl::OkStatus(); };
  EXPECT_EQ(ReadDataset(Table("a,b,y", "7,1.5,3"), {}, {}, sink, passed).status(), end);
  EXPECT_EQ(told, 2);
}

TEST(BlockStatisticsTest, ColumnsWhoseSquaresOverflowHaveExtremes) {
  const Reading reading = *Read("a,b\n1e308,1\n-1e308,1\n1e308,0.5\n");
  EXPECT_EQ(reading.column("a").numeric.minimum, -1e308);
  EXPECT_EQ(reading.column("a").numeric.maximum, 1e308);
}

TEST(BlockStatisticsTest, AMeanFarFromZeroLosesNoDeviation) {
  std::string content = "a,y\n";
  for (int i = 0; i < 30'000; ++i) content += i % 2 ? "1000000001,a\n" : "999999999,a\n";
  const NumericStatistics statistics = Read(content)->column("a").numeric;
  EXPECT_EQ(statistics.mean, 1e9);
  EXPECT_EQ(statistics.deviation, 1);
}

}  // namespace
}  // namespace trainyard
