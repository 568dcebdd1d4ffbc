#include <gtest/gtest.h>

#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

std::string FaultOf(std::string_view content, const ReadOptions& options = {}, const ReadLimits& limits = {}) {
  return Fault(Read(content, options, limits).status());
}

std::string MessageOf(const ReadOptions& options) {
  return std::string(Read("a,b,c\n1,x,3\n", options).status().message());
}

TEST(CsvFaultsTest, EmptyFile) {
  EXPECT_EQ(FaultOf(""), "row 1, column 1: the file is empty; its first line must name the columns | 1 | 1");
  EXPECT_EQ(FaultOf("\xEF\xBB\xBF"),
            "row 1, column 1: the file is empty; its first line must name the columns | 1 | 1");
}

TEST(CsvFaultsTest, HeaderAlone) {
  EXPECT_EQ(FaultOf("a,b\n"), "row 2, column \"a\": no row follows the header | 2 | a");
  EXPECT_EQ(FaultOf("a,b"), "row 2, column \"a\": no row follows the header | 2 | a");
}

TEST(CsvFaultsTest, EmptyName) {
  EXPECT_EQ(FaultOf("a,,c\n1,2,3\n"), "row 1, column 2: the header has an empty name | 1 | 2");
  EXPECT_EQ(FaultOf("\na,b\n"), "row 1, column 1: the header has an empty name | 1 | 1");
}

TEST(CsvFaultsTest, RepeatedName) {
  EXPECT_EQ(FaultOf("a,b,a\n1,2,3\n"), "row 1, column 3: the header repeats the name \"a\" of column 1 | 1 | 3");
}

TEST(CsvFaultsTest, TooManyColumns) {
  EXPECT_EQ(FaultOf("a,b,c\n1,2,3\n", {}, {.max_columns = 2}),
            "row 1, column 3: the header has 3 columns, the limit is 2 | 1 | 3");
  EXPECT_EQ(ReadLimits().max_columns, 100'000);
}

TEST(CsvFaultsTest, TooManyRows) {
  EXPECT_EQ(FaultOf("a\n1\n2\n3\n", {}, {.max_rows = 2}), "row 4, column 1: the limit is 2 rows | 4 | 1");
}

TEST(CsvFaultsTest, ATextOfMoreThanTheLimit) {
  const std::string longest(kMostTextBytes, 'x');
  EXPECT_TRUE(Read("a,b\n" + longest + ",1\n").ok());
  EXPECT_EQ(FaultOf("a,b\n1,1\n" + longest + "y,1\n"),
            "row 3, column \"a\": a text of 65537 bytes; the limit is 65536; declare the column ignored | 3 | a");
  EXPECT_TRUE(Read("a,b\n" + longest + "y,1\n", {.types = {{"a", ColumnType::kIgnored}}}).ok());
}

TEST(CsvFaultsTest, FieldsWithDoubledQuotesDoNotFillTheMemory) {
  const std::string text(size_t{1} << 20, 'x');
  std::string row;
  for (int i = 0; i < 17; ++i) row += "\"" + text + "\"\"\",";
  EXPECT_EQ(FaultOf("a,b\n1,2\n" + row + "1\n"),
            "row 3, column 16: the row's fields with doubled quotes take more than 16 MiB | 3 | 16");
  // Each row counts for itself.
  std::string rows = "a,b\n";
  for (int i = 0; i < 17; ++i) rows += "\"" + text + "\"\"\",1\n";
  EXPECT_TRUE(Read(rows, {.types = {{"a", ColumnType::kIgnored}}}).ok());
}

TEST(CsvFaultsTest, ANameOfMoreThanTheLimit) {
  const std::string longest(kMostTextBytes, 'x');
  EXPECT_TRUE(Read("a," + longest + "\n1,2\n").ok());
  EXPECT_EQ(FaultOf("a,y" + longest + "\n1,2\n"), "row 1, column 2: a name of 65537 bytes; the limit is 65536 | 1 | 2");
}

TEST(CsvFaultsTest, TooManyCategories) {
  EXPECT_EQ(FaultOf("a,b\nx,1\ny,1\nz,1\n", {}, {.max_categories = 2}),
            "row 4, column \"a\": the column has more than 2 different values; declare it ignored | 4 | a");
}

TEST(CsvFaultsTest, TooFewFields) {
  EXPECT_EQ(FaultOf("a,b,c\n1,2,3\n4\n"), "row 3, column \"b\": the row has 1 field, the header has 3 | 3 | b");
}

TEST(CsvFaultsTest, TooManyFields) {
  EXPECT_EQ(FaultOf("a,b\n1,2\n1,2,3,4\n"), "row 3, column 3: the row has 4 fields, the header has 2 | 3 | 3");
}

TEST(CsvFaultsTest, RowIsTheLineOnWhichItStarts) {
  EXPECT_EQ(FaultOf("a,b\n\"x\n\ny\",2\n\n1\n"), "row 6, column \"b\": the row has 1 field, the header has 2 | 6 | b");
}

TEST(CsvFaultsTest, BadNumberInADeclaredColumn) {
  EXPECT_EQ(FaultOf("a,b\n1,2\nabc,2\n", {.types = {{"a", ColumnType::kNumeric}}}),
            "row 3, column \"a\": \"abc\" is not a number | 3 | a");
}

TEST(CsvFaultsTest, LongCellsAreShortened) {
  const std::string cell = std::string(39, 'x') + "€€";
  EXPECT_EQ(FaultOf("a,b\n" + cell + ",2\n", {.types = {{"a", ColumnType::kNumeric}}}),
            "row 2, column \"a\": \"" + std::string(39, 'x') + "…\" is not a number | 2 | a");
}

TEST(CsvFaultsTest, NumbersAreFinite) {
  EXPECT_EQ(FaultOf("a,b\n1,2\nnan,2\ninf,2\n"), "row 3, column \"a\": \"nan\" must be a finite number | 3 | a");
  EXPECT_EQ(FaultOf("a,b\n-Infinity,2\n"), "row 2, column \"a\": \"-Infinity\" must be a finite number | 2 | a");
  EXPECT_EQ(FaultOf("a,b\n1e999,2\n"), "row 2, column \"a\": \"1e999\" must be a finite number | 2 | a");
}

TEST(CsvFaultsTest, TheFirstOfTheNumbersThatAreNotFiniteIsNamed) {
  EXPECT_EQ(FaultOf("a,b,c\n1,2,3\n1,inf,3\nnan,2,3\n"),
            "row 3, column \"b\": \"inf\" must be a finite number | 3 | b");
}

TEST(CsvFaultsTest, DeclaredColumnsAreFinite) {
  EXPECT_EQ(FaultOf("a,b\nnan,2\nx,2\n", {.types = {{"a", ColumnType::kNumeric}}}),
            "row 2, column \"a\": \"nan\" must be a finite number | 2 | a");
}

TEST(CsvFaultsTest, BadUtf8) {
  EXPECT_EQ(FaultOf("a,b\n1,2\nx,\xFF\n"), "row 3, column \"b\": the text is not valid UTF-8 | 3 | b");
  EXPECT_EQ(FaultOf("a,\xC3\n1,2\n"), "row 1, column 2: the text is not valid UTF-8 | 1 | 2");
}

TEST(CsvFaultsTest, UnclosedQuote) {
  EXPECT_EQ(FaultOf("a,b\n1,2\n3,\"x\n4,5\n"),
            "row 3, column \"b\": a quoted field is not closed before the end of the file | 3 | b");
}

TEST(CsvFaultsTest, TextAfterAClosingQuote) {
  EXPECT_EQ(
      FaultOf("a,b\n\"x\"y,2\n"),
      "row 2, column \"a\": text follows the closing quote; a quote inside a quoted field must be doubled | 2 | a");
}

TEST(CsvFaultsTest, NegativeWeight) {
  EXPECT_EQ(FaultOf("a,w,y\n1,1,2\n1,-0.5,2\n", {.weight = "w"}),
            "row 3, column \"w\": the weight -0.5 must be at least 0 | 3 | w");
}

TEST(CsvFaultsTest, MissingWeight) {
  EXPECT_EQ(FaultOf("a,w,y\n1,NA,2\n", {.weight = "w"}), "row 2, column \"w\": the weight is missing | 2 | w");
}

TEST(CsvFaultsTest, WeightThatIsNoNumber) {
  EXPECT_EQ(FaultOf("a,w,y\n1,1,2\n1,much,2\n", {.weight = "w"}),
            "row 3, column \"w\": \"much\" is not a number | 3 | w");
}

TEST(CsvFaultsTest, ValueThatNamesNoPart) {
  EXPECT_EQ(FaultOf("a,p,y\n1,train,2\n1,Test,2\n", {.split = "p"}),
            "row 3, column \"p\": \"Test\" must be train, validation or test | 3 | p");
  EXPECT_EQ(FaultOf("a,p,y\n1,,2\n", {.split = "p"}),
            "row 2, column \"p\": the part is missing; it must be train, validation or test | 2 | p");
}

TEST(CsvFaultsTest, RolesNameColumns) {
  EXPECT_EQ(MessageOf({.target = "z"}), "target = z, must be the name of a column");
  EXPECT_EQ(MessageOf({.weight = "z"}), "weight = z, must be the name of a column");
  EXPECT_EQ(MessageOf({.split = "z"}), "split = z, must be the name of a column");
  EXPECT_EQ(ErrorField(Read("a\n1\n", {.target = "z"}).status()), "target");
}

TEST(CsvFaultsTest, AColumnHasOneRole) {
  EXPECT_EQ(MessageOf({.target = "a", .weight = "a"}), "weight = a, must be a column without another role");
}

TEST(CsvFaultsTest, DeclaredTypesFitTheRoles) {
  EXPECT_EQ(MessageOf({.target = "a", .types = {{"a", ColumnType::kIgnored}}}),
            "types[a] = ignored, must be kept, as the column is the target");
  EXPECT_EQ(MessageOf({.weight = "a", .types = {{"a", ColumnType::kCategorical}}}),
            "types[a] = categorical, must be numeric, as the column holds the weights");
  EXPECT_EQ(MessageOf({.split = "a", .types = {{"a", ColumnType::kNumeric}}}),
            "types[a] = numeric, must be categorical, as the column names the parts");
}

TEST(CsvFaultsTest, DeclaredTypesNameColumns) {
  EXPECT_EQ(MessageOf({.types = {{"z", ColumnType::kNumeric}}}),
            "types[z] = numeric, must be the type of a column that is there");
}

}  // namespace
}  // namespace trainyard
