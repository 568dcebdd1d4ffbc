#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Reading MustReadCsv(std::string_view content, const ReadOptions& options = {}) {
  absl::StatusOr<Reading> reading = Read(content, options);
  EXPECT_TRUE(reading.ok()) << reading.status();
  return *std::move(reading);
}

TEST(ReadCsvTest, ReadsNumbersAndText) {
  const Reading reading = MustReadCsv("a,b,c\n1,x,2.5\n3,y,-1e3\n");
  EXPECT_EQ(reading.result.row_count, 2);
  EXPECT_EQ(reading.dataset->Number(1, 0), 3);
  EXPECT_EQ(reading.dataset->Code(0, 1), 0u);
  EXPECT_EQ(reading.dataset->Code(1, 1), 1u);
  EXPECT_EQ(reading.dataset->Number(1, 2), -1000);
}

TEST(ReadCsvTest, SchemaOfTheResultIsThatOfTheBytes) {
  const Reading reading = MustReadCsv("a,b,c\n1,x,2.5\n,y,-1e3\n");
  EXPECT_EQ(reading.dataset->schema(), reading.result.schema);
  EXPECT_EQ(reading.dataset->row_count(), 2);
}

// They lie elsewhere than the content, and are read no further than they go.
TEST(ReadCsvTest, FieldsWithDoubledQuotesAreReadWhereTheyLie) {
  std::string names, cells;
  for (int i = 0; i < 40; ++i) {
    names += "c" + std::to_string(i) + ",";
    cells += R"("-""1",)";
  }
  const Reading reading = MustReadCsv(names + "y\n" + cells + "1\n" + cells + "2\n");
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(reading.column("c" + std::to_string(i)).categories[0].value, "-\"1") << i;
  }
}

TEST(ReadCsvTest, LineEndsMayBeCrLf) {
  const Reading reading = MustReadCsv("a,b\r\n1,x\r\n2,\"y\"\r\n");
  EXPECT_EQ(reading.dataset->Number(1, 0), 2);
  EXPECT_THAT(CategoriesOf(reading.column("b")), ElementsAre("x:1", "y:1"));
}

TEST(ReadCsvTest, TheLastLineNeedsNoEnd) { EXPECT_EQ(MustReadCsv("a,b\n1,2\n3,").result.row_count, 2); }

TEST(ReadCsvTest, ByteOrderMarkIsSkipped) {
  EXPECT_EQ(MustReadCsv("\xEF\xBB\xBF"
                        "a,b\n1,2\n")
                .result.schema.columns[0]
                .name,
            "a");
}

TEST(ReadCsvTest, QuotedFieldsKeepSeparatorsNewlinesAndQuotes) {
  const Reading reading = MustReadCsv("a,b\n\"x,\n\"\"y\"\"\",1\n\"plain\",2\n");
  EXPECT_THAT(CategoriesOf(reading.column("a")), ElementsAre("x,\n\"y\":1", "plain:1"));
}

TEST(ReadCsvTest, QuoteWithinAnUnquotedFieldStandsForItself) {
  EXPECT_THAT(CategoriesOf(MustReadCsv("a,b\n5\" pipe,1\n").column("a")), ElementsAre("5\" pipe:1"));
}

TEST(ReadCsvTest, QuotedNumbersAreNumbers) {
  EXPECT_EQ(MustReadCsv("a,b\n\"7\",1\n").column("a").type, ColumnType::kNumeric);
}

TEST(ReadCsvTest, EmptyLinesAreSkippedWhereThereAreTwoColumns) {
  EXPECT_EQ(MustReadCsv("a,b\n\n1,2\n\r\n\n3,4\n\n").result.row_count, 2);
}

TEST(ReadCsvTest, EmptyLineOfOneColumnIsAMissingCell) {
  EXPECT_EQ(MustReadCsv("a\n1\n\n3\n").column("a").missing_count, 1);
}

TEST(ReadCsvTest, TsvIsSeparatedByTabs) {
  const Reading reading = MustReadCsv("a\tb\nx,y\t1\n", {.format = Format::kTsv});
  EXPECT_THAT(CategoriesOf(reading.column("a")), ElementsAre("x,y:1"));
}

TEST(ReadCsvTest, TextIsUtf8) {
  EXPECT_THAT(CategoriesOf(MustReadCsv("a,b\nété €😀,1\n").column("a")), ElementsAre("été €😀:1"));
}

TEST(ReadCsvTest, MissingCellsAreEmptyNaOrQuestionMark) {
  const Reading reading = MustReadCsv("a,b,c\n1,x,1\n,NA,2\n?, NA ,3\n");
  EXPECT_EQ(reading.column("a").missing_count, 2);
  EXPECT_EQ(reading.column("b").missing_count, 2);
  EXPECT_TRUE(std::isnan(reading.dataset->Number(1, 0)));
  EXPECT_EQ(reading.dataset->Code(1, 1), kMissingCode);
}

TEST(ReadCsvTest, MissingCellsCanBeChosen) {
  const Reading reading = MustReadCsv("a,b\n-999,1\n5,1\n", {.missing = {"-999"}});
  EXPECT_EQ(reading.column("a").missing_count, 1);
  EXPECT_EQ(reading.column("a").numeric.mean, 5);
}

TEST(ReadCsvTest, ACellIsLookedUpAmongAnyNumberOfMissingOnes) {
  constexpr int kCount = 200'000;
  ReadOptions options;
  options.missing.clear();
  std::string content = "a,b\n1,1\n";
  for (int i = 0; i < kCount; ++i) {
    options.missing.push_back("none " + std::to_string(i));
    content += options.missing.back() + ",1\n";
  }
  EXPECT_EQ(MustReadCsv(content, options).column("a").missing_count, kCount);
}

TEST(ReadCsvTest, SpacesAroundNumbersDoNotCount) {
  EXPECT_EQ(MustReadCsv("a,b\n 1.5 ,2\n").dataset->Number(0, 0), 1.5);
}

TEST(ReadCsvTest, BytesStayBytes) {
  const Reading reading = MustReadCsv("a,b,c\n0,1,1\n255,0.5,1\n");
  EXPECT_EQ(reading.place("a").kind, CellKind::kU8);
  EXPECT_EQ(reading.dataset->u8()(1, 0), 255);
}

TEST(ReadCsvTest, KindIsTheNarrowestThatHoldsAllValues) {
  const Reading reading = MustReadCsv("half,third,big,missing,y\n0.5,0.1,256,1,a\n1,0.5,1,,b\n");
  EXPECT_EQ(reading.place("half").kind, CellKind::kF32);
  EXPECT_EQ(reading.place("third").kind, CellKind::kF64);
  EXPECT_EQ(reading.place("big").kind, CellKind::kF32);
  EXPECT_EQ(reading.place("missing").kind, CellKind::kF32);
  EXPECT_EQ(reading.dataset->Number(0, 1), 0.1);
}

TEST(ReadCsvTest, NumbersBeyondFloatAreDoubles) {
  const Reading reading = MustReadCsv("a,b,y\n1e300,16777217,a\n1,1,b\n");
  EXPECT_EQ(reading.place("a").kind, CellKind::kF64);
  EXPECT_EQ(reading.dataset->Number(0, 1), 16777217);
}

TEST(ReadCsvTest, StatisticsLeaveMissingCellsOut) {
  const NumericStatistics statistics = MustReadCsv("a,b\n1,x\n,x\n4,x\n").column("a").numeric;
  EXPECT_EQ(statistics, (NumericStatistics{2.5, 1.5, 1, 4}));
}

TEST(ReadCsvTest, TextAfterNumbersMakesTheColumnCategorical) {
  const Reading reading = MustReadCsv("a,b\n1,1\n2,1\n,1\nx,1\n1,1\n");
  EXPECT_THAT(CategoriesOf(reading.column("a")), ElementsAre("1:2", "2:1", "x:1"));
  EXPECT_EQ(reading.column("a").missing_count, 1);
  EXPECT_EQ(reading.dataset->Code(4, 0), 0u);
}

TEST(ReadCsvTest, NanIsACategoryAmongText) {
  EXPECT_THAT(CategoriesOf(MustReadCsv("a,b\nnan,1\ninf,1\nx,1\n").column("a")), ElementsAre("nan:1", "inf:1", "x:1"));
}

TEST(ReadCsvTest, ColumnsCanBeDeclared) {
  const Reading reading = MustReadCsv("a,b,c,y\n2,nan,x,1\n1,inf,z,2\n",
                                      {.types = {{"a", ColumnType::kCategorical}, {"b", ColumnType::kIgnored}}});
  EXPECT_THAT(CategoriesOf(reading.column("a")), ElementsAre("2:1", "1:1"));
  EXPECT_EQ(reading.column("b").type, ColumnType::kIgnored);
  EXPECT_EQ(reading.dataset->u8().columns, 0);
}

TEST(ReadCsvTest, TargetIsTheLastColumnByDefault) {
  EXPECT_EQ(MustReadCsv("a,b,c\n1,2,3\n").result.schema.Find(ColumnRole::kTarget), 2);
}

TEST(ReadCsvTest, DefaultTargetIsNeitherIgnoredNorWeightNorSplit) {
  const Reading reading = MustReadCsv("a,b,part,w,id\n1,2,train,1,9\n",
                                      {.weight = "w", .split = "part", .types = {{"id", ColumnType::kIgnored}}});
  EXPECT_EQ(reading.column("b").role, ColumnRole::kTarget);
  EXPECT_EQ(reading.column("w").role, ColumnRole::kWeight);
  EXPECT_EQ(reading.column("part").role, ColumnRole::kSplit);
}

TEST(ReadCsvTest, TargetOfFewWholeNumbersIsCategoricalInNumericOrder) {
  const Reading reading = MustReadCsv("a,y\n1,10\n1,9\n1,-2\n1,9.0\n");
  EXPECT_THAT(CategoriesOf(reading.column("y")), ElementsAre("-2:1", "9:2", "10:1"));
  EXPECT_EQ(reading.dataset->Code(3, 1), 1u);
}

TEST(ReadCsvTest, TargetWithAFractionIsNumeric) {
  EXPECT_EQ(MustReadCsv("a,y\n1,1\n1,0.5\n").column("y").type, ColumnType::kNumeric);
}

TEST(ReadCsvTest, TargetOfAHundredWholeNumbersIsCategoricalAndOneMoreIsNumeric) {
  std::string content = "a,y\n";
  for (int i = 0; i < 100; ++i) content += "1," + std::to_string(i * 1000) + "\n";
  EXPECT_EQ(MustReadCsv(content).column("y").categories.size(), 100u);
  EXPECT_EQ(MustReadCsv(content).column("y").categories[99].value, "99000");
  EXPECT_EQ(MustReadCsv(content + "1,7\n").column("y").type, ColumnType::kNumeric);
}

// 2^53 and 2^53 + 1 are one double.
TEST(ReadCsvTest, TargetOfWholeNumbersThatADoubleDoesNotTellApartIsNumericUnlessItIsDeclared) {
  const std::string content = "a,y\n1,9007199254740992\n2,9007199254740993\n";
  EXPECT_EQ(MustReadCsv(content).column("y").type, ColumnType::kNumeric);
  EXPECT_THAT(CategoriesOf(Read(content, {.types = {{"y", ColumnType::kCategorical}}})->column("y")),
              ElementsAre("9007199254740992:1", "9007199254740993:1"));
}

TEST(ReadCsvTest, DeclaredNumericTargetStaysNumeric) {
  EXPECT_EQ(MustReadCsv("a,y\n1,0\n1,1\n", {.types = {{"y", ColumnType::kNumeric}}}).column("y").type,
            ColumnType::kNumeric);
}

TEST(ReadCsvTest, FeatureOfWholeNumbersIsNumeric) {
  EXPECT_EQ(MustReadCsv("a,y\n1,0\n2,1\n").column("a").type, ColumnType::kNumeric);
}

TEST(ReadCsvTest, ConstantAndMostlyMissingColumnsAreWarnedOf) {
  const Reading reading = MustReadCsv("a,b,c,y\n1,1,x,0\n1,,x,1\n1,,x,0\n");
  EXPECT_THAT(reading.result.warnings, ElementsAre("constant columns: \"a\", \"b\", \"c\"",
                                                   "columns missing in more than half of the rows: \"b\""));
  EXPECT_THAT(MustReadCsv("a,y\n1,0\n2,1\n").result.warnings, IsEmpty());
}

std::string NumbersAnd(const std::string& others) {
  std::string csv = "a,y\n";
  for (int i = 0; i < 45; ++i) csv += std::to_string(i) + ".5," + std::to_string(i % 2) + "\n";
  return csv + others;
}

TEST(ReadCsvTest, AColumnOfNumbersThatFewTextsMakeCategoriesIsWarnedOf) {
  const Reading reading = MustReadCsv(NumbersAnd("n/a,0\nn/a,1\nx,0\n"));
  EXPECT_EQ(reading.column("a").type, ColumnType::kCategorical);
  EXPECT_THAT(
      reading.result.warnings,
      ElementsAre("categories, though nearly all cells are numbers: \"a\" (\"n/a\" in 2 rows, other texts in 1); "
                  "correct the cells, or name them as missing"));
  EXPECT_THAT(MustReadCsv(NumbersAnd("n/a,0\n"), {.types = {{"a", ColumnType::kCategorical}}}).result.warnings,
              IsEmpty());
  EXPECT_THAT(MustReadCsv(NumbersAnd("n/a,0\n"), {.missing = {"n/a"}}).result.warnings, IsEmpty());
  EXPECT_THAT(MustReadCsv(NumbersAnd("p,0\nq,0\nr,0\ns,0\nt,0\nu,0\n")).result.warnings, IsEmpty());
}

class FullSink final : public ByteSink {
 public:
  absl::Status Append(std::string_view) override { return absl::ResourceExhaustedError("full"); }
  absl::Status Overwrite(std::string_view) override { return absl::OkStatus(); }
  absl::Status Restart() override { return absl::OkStatus(); }
};

TEST(ReadCsvTest, ErrorOfTheSinkIsPassedOn) {
  FullSink full;
  EXPECT_EQ(ReadDataset("a,b\n1,2\n", {}, {}, full).status(), absl::ResourceExhaustedError("full"));
}

// Statistics by numpy: mean, std (ddof 0), min, max of the column as float64.
void ExpectStatistics(const NumericStatistics& actual, const NumericStatistics& expected) {
  EXPECT_NEAR(actual.mean, expected.mean, 1e-13 * expected.mean);
  EXPECT_NEAR(actual.deviation, expected.deviation, 1e-13 * expected.deviation);
  EXPECT_EQ(actual.minimum, expected.minimum);
  EXPECT_EQ(actual.maximum, expected.maximum);
}

TEST(ReadCsvTest, Iris) {
  const Reading reading = MustReadCsv(FileContent("iris.csv"));
  EXPECT_EQ(reading.result.row_count, 150);
  EXPECT_THAT(CategoriesOf(reading.column("species")), ElementsAre("setosa:50", "versicolor:50", "virginica:50"));
  ExpectStatistics(reading.column("sepal_length").numeric, {5.843333333333334, 0.8253012917851409, 4.3, 7.9});
  ExpectStatistics(reading.column("petal_width").numeric, {1.1993333333333336, 0.7596926279021594, 0.1, 2.5});
}

TEST(ReadCsvTest, BreastCancer) {
  const Reading reading = MustReadCsv(FileContent("breast_cancer.csv"));
  EXPECT_EQ(reading.result.row_count, 569);
  EXPECT_THAT(CategoriesOf(reading.column("diagnosis")), ElementsAre("malignant:212", "benign:357"));
  ExpectStatistics(reading.column("mean_area").numeric, {654.8891036906855, 351.60475406323, 143.5, 2501});
}

TEST(ReadCsvTest, Diabetes) {
  const Reading reading = MustReadCsv(FileContent("diabetes.csv"));
  EXPECT_EQ(reading.result.row_count, 442);
  EXPECT_EQ(reading.column("progression").type, ColumnType::kNumeric);
  ExpectStatistics(reading.column("progression").numeric, {152.13348416289594, 77.00574586945044, 25, 346});
  ExpectStatistics(reading.column("bmi").numeric, {26.37579185520362, 4.413120855492464, 18, 42.2});
}

TEST(ReadCsvTest, Digits) {
  const Reading reading = MustReadCsv(FileContent("digits.csv"));
  EXPECT_EQ(reading.result.row_count, 1797);
  EXPECT_EQ(reading.dataset->u8().columns, 64);
  EXPECT_THAT(CategoriesOf(reading.column("digit")),
              ElementsAre("0:178", "1:182", "2:177", "3:183", "4:181", "5:182", "6:181", "7:179", "8:174", "9:180"));
  EXPECT_THAT(reading.result.warnings, ElementsAre("constant columns: \"pixel_0_0\", \"pixel_4_0\", \"pixel_4_7\""));
  ExpectStatistics(reading.column("pixel_0_2").numeric, {5.204785754034502, 4.753503165476308, 0, 16});
}

}  // namespace
}  // namespace trainyard
