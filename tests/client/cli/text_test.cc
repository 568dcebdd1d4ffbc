#include "client/cli/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "client/cli/names.h"
#include "client/cli/styled_text.h"
#include "client/cli/table.h"

namespace trainyard::cli {
namespace {

TEST(TextTest, Numbers) {
  EXPECT_EQ(NumberText(0.97222), "0.9722");
  EXPECT_EQ(NumberText(-std::nan("")), "nan");
  EXPECT_EQ(NumberText(-INFINITY), "-inf");
  EXPECT_EQ(ExactNumberText(0.1), "0.1");
}

TEST(TextTest, CountsHaveThousands) {
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1234567), "1,234,567");
  EXPECT_EQ(CountText(-123456), "-123,456");
}

TEST(TextTest, BytesHaveUnits) {
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
}

TEST(TextTest, DurationsGrowCoarser) {
  EXPECT_EQ(DurationText(absl::Milliseconds(85)), "85 ms");
  EXPECT_EQ(DurationText(absl::Seconds(2.4)), "2.4 s");
  EXPECT_EQ(DurationText(absl::Seconds(185)), "3:05");
  EXPECT_EQ(DurationText(absl::Seconds(3723)), "1:02:03");
}

TEST(TextTest, PrintableTakesControlCharactersOut) {
  EXPECT_EQ(Printable("a\x1b[2Jb\xc2\x9b\x7f\nc é"), "a?[2Jb?? c é");
}

TEST(TextTest, ShortenedCountsCodePoints) {
  EXPECT_EQ(Shortened("éèà", 3), "éèà");
  EXPECT_EQ(Shortened("éèàù", 3), "éè…");
  EXPECT_EQ(Shortened("abc", 0), "");
}

TEST(TextTest, WideCharactersTakeTwoColumnsAndCombiningOnesNone) {
  EXPECT_EQ(DisplayWidth("日本 a"), 6);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1);
  EXPECT_EQ(DisplayWidth("━⠒•–…µ"), 6);
  EXPECT_EQ(DisplayWidth("a\xff"), 2);
  EXPECT_EQ(Shortened("日本語", 6), "日本語");
  EXPECT_EQ(Shortened("日本語", 5), "日本…");
  EXPECT_EQ(Shortened("日本語", 4), "日…");
}

TEST(StyledLineTest, IsCutAcrossColours) {
  StyledLine line("abc", Ink::kGood);
  line.Add("def", Ink::kBad);
  EXPECT_EQ(line.Shortened(6).Text(), "abcdef");
  EXPECT_EQ(line.Shortened(5).Text(), "abcd…");
  EXPECT_EQ(line.Shortened(3).Text(), "ab…");
}

TEST(StyledLineTest, ColoursEndWhereTheyBegan) {
  EXPECT_EQ(StyledLine("x", Ink::kStrong).Add("y").Coloured(), "\x1b[1mx\x1b[0my");
}

TEST(TableTest, AlignsColumns) {
  TextTable table({"NAME", "ROWS"}, {1});
  table.AddRow({"é", "1,000"});
  table.AddRow({"longer", "2"});
  std::ostringstream out;
  table.Print(out);
  EXPECT_EQ(out.str(), "NAME     ROWS\né       1,000\nlonger      2\n");
}

TEST(NamesTest, PrefixesAreOptional) {
  EXPECT_EQ(DatasetName("digits"), "datasets/digits");
  EXPECT_EQ(DatasetName("datasets/digits"), "datasets/digits");
  EXPECT_EQ(JobName("1"), "jobs/1");
  EXPECT_EQ(JobName("models/1"), "jobs/1");
  EXPECT_EQ(ModelName("jobs/1"), "models/1");
}

}  // namespace
}  // namespace trainyard::cli
