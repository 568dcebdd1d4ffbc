#include <cmath>
#include <limits>

#include "core/base/status.h"
#include "core/data/sparse_numbers.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "server/wire/model.h"
#include "tests/server/wire/field_path.h"

namespace trainyard {
namespace {

// Features `x` (a number) and `kind` (a or b), target `y` (no or yes).
Encoding TwoFeatures() {
  Encoding encoding;
  encoding.features.resize(2);
  encoding.features[0].column = "x";
  encoding.features[1].column = "kind";
  encoding.features[1].type = ColumnType::kCategorical;
  encoding.features[1].categories = {"a", "b"};
  encoding.target = {.column = "y", .type = ColumnType::kCategorical, .classes = {"no", "yes"}};
  return encoding;
}

v1::Table Parse(const std::string& text) {
  v1::Table table;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &table)) << text;
  return table;
}

std::shared_ptr<const Dataset> Read(const std::string& text) {
  const auto dataset = FromTable(Parse(text), TwoFeatures());
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? *dataset : nullptr;
}

void ExpectError(const std::string& text, const std::string& message) {
  const absl::Status status = FromTable(Parse(text), TwoFeatures()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  EXPECT_EQ(status.message(), message);
  EXPECT_TRUE(Resolves(v1::PredictRequest::descriptor(), ErrorField(status).value_or(""))) << status;
}

constexpr char kNumberAndText[] = "columns: 'x' columns: 'kind' ";

TEST(FromTableTest, ColumnsComeInAnyOrderAndOthersAreIgnored) {
  const auto dataset = Read(R"(
      columns: 'other' columns: 'kind' columns: 'x'
      rows { values { bool_value: true } values { string_value: 'b' } values { number_value: 2.5 } })");
  ASSERT_NE(dataset, nullptr);
  ASSERT_EQ(dataset->schema().columns.size(), 2u);
  EXPECT_EQ(dataset->schema().columns[0].name, "x");
  EXPECT_EQ(dataset->Number(0, 0), 2.5);
  EXPECT_EQ(dataset->Code(0, 1), 1u);
}

Encoding SparseFeature() {
  Encoding encoding;
  encoding.features = {{.column = "f", .type = ColumnType::kSparse, .sparse_width = 5}};
  return encoding;
}

TEST(FromTableTest, ASparseCellIsATextOrNull) {
  const v1::Table table = Parse(R"(
      columns: 'f' rows { values { string_value: '2:0.5 9:1' } } rows { values { null_value: NULL_VALUE } })");
  const auto dataset = FromTable(table, SparseFeature());
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(SparseText((*dataset)->sparse(0), 0), "2:0.5 9:1");
  EXPECT_EQ(SparseText((*dataset)->sparse(0), 1), "");
  EXPECT_EQ((*dataset)->schema().columns[0].width, 9);
}

TEST(FromTableTest, ASparseCellThatCannotBeReadIsNamed) {
  const absl::Status status =
      FromTable(Parse("columns: 'f' rows { values { string_value: '2:1 2:1' } }"), SparseFeature()).status();
  EXPECT_EQ(status.message(),
            "table.rows[0].values[0] = \"2:1 2:1\", must be a text of sparse numbers, as in 3:1.5 10:2 (index 2: the "
            "index follows 2; indices must ascend): column `f`");
  EXPECT_TRUE(Resolves(v1::PredictRequest::descriptor(), ErrorField(status).value_or("")));
  EXPECT_FALSE(FromTable(Parse("columns: 'f' rows { values { number_value: 1 } }"), SparseFeature()).ok());
}

TEST(FromTableTest, TheTargetIsReadWhereTheTableHasIt) {
  const auto dataset = Read(R"(
      columns: 'x' columns: 'kind' columns: 'y'
      rows { values { number_value: 1 } values { string_value: 'a' } values { string_value: 'yes' } })");
  ASSERT_NE(dataset, nullptr);
  ASSERT_EQ(dataset->schema().columns.size(), 3u);
  EXPECT_EQ(dataset->schema().columns[2].role, ColumnRole::kTarget);
  EXPECT_EQ(dataset->Code(0, 2), 1u);
}

TEST(FromTableTest, NullIsAMissingCell) {
  const auto dataset = Read(absl::StrCat(kNumberAndText, "rows { values { null_value: 0 } values { null_value: 0 } }"));
  ASSERT_NE(dataset, nullptr);
  EXPECT_TRUE(std::isnan(dataset->Number(0, 0)));
  EXPECT_EQ(dataset->Code(0, 1), kMissingCode);
}

TEST(FromTableTest, CategoriesThatAreNotKnownBecomeCodesOfTheirOwn) {
  const auto dataset = Read(absl::StrCat(kNumberAndText,
                                         "rows { values { number_value: 1 } values { string_value: 'new' } }"
                                         "rows { values { number_value: 1 } values { number_value: 3 } }"
                                         "rows { values { number_value: 1 } values { string_value: 'new' } }"));
  ASSERT_NE(dataset, nullptr);
  EXPECT_EQ(dataset->Code(0, 1), 2u);
  EXPECT_EQ(dataset->Code(1, 1), 3u);
  EXPECT_EQ(dataset->Code(2, 1), 2u);
  EXPECT_EQ(dataset->schema().columns[1].categories[3].value, "3");
}

// Those of data sets are whole numbers without an exponent.
TEST(FromTableTest, ANumberNamesTheCategoryThatADataSetHasForIt) {
  Encoding encoding = TwoFeatures();
  encoding.features[1].categories = {"0", "100000", "0.1", "9007199254740992"};
  const auto dataset = FromTable(Parse(absl::StrCat(kNumberAndText, R"(
      rows { values { number_value: 1 } values { number_value: -0.0 } }
      rows { values { number_value: 1 } values { number_value: 100000 } }
      rows { values { number_value: 1 } values { number_value: 0.1 } }
      rows { values { number_value: 1 } values { number_value: 9007199254740992 } })")),
                                 encoding);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  for (uint32_t row = 0; row < 4; ++row) EXPECT_EQ((*dataset)->Code(row, 1), row);
}

TEST(FromTableTest, ATableWithoutRowsHasNone) {
  const auto dataset = Read(kNumberAndText);
  ASSERT_NE(dataset, nullptr);
  EXPECT_EQ(dataset->row_count(), 0);
}

TEST(FromTableTest, AFeatureThatIsNotThereIsNamed) {
  ExpectError("columns: 'x'", "table.columns = 1 names, must be names with `kind` among them, a feature of the model");
}

TEST(FromTableTest, AColumnThatComesTwiceIsRefused) {
  ExpectError("columns: 'x' columns: 'kind' columns: 'x'",
              "table.columns[2] = x, must be a name that no column before it has");
}

TEST(FromTableTest, ARowOfAnotherLengthIsRefused) {
  ExpectError(absl::StrCat(kNumberAndText, "rows { values { number_value: 1 } }"),
              "table.rows[0] = 1 cells, must be 2 cells, as many as columns");
}

TEST(FromTableTest, ATextWhereANumberBelongsIsRefused) {
  ExpectError(absl::StrCat(kNumberAndText,
                           "rows { values { number_value: 1 } values { string_value: 'a' } }"
                           "rows { values { string_value: 'one' } values { string_value: 'a' } }"),
              "table.rows[1].values[0] = \"one\", must be a finite number or null: column `x`");
}

TEST(FromTableTest, ALongTextIsQuotedUpToAWholeCharacter) {
  std::string text(63, 'x');
  ExpectError(
      absl::StrCat(kNumberAndText, "rows { values { string_value: '", text, "é' } values { string_value: 'a' } }"),
      absl::StrCat("table.rows[0].values[0] = \"", text, "…\", must be a finite number or null: column `x`"));
}

TEST(FromTableTest, ANumberThatIsNotFiniteIsRefused) {
  for (const char* number : {"nan", "inf", "-inf"}) {
    ExpectError(
        absl::StrCat(kNumberAndText, "rows { values { number_value: ", number, " } values { string_value: 'a' } }"),
        absl::StrCat("table.rows[0].values[0] = ", number, ", must be a finite number or null: column `x`"));
  }
}

TEST(FromTableTest, ACellThatIsNeitherNumberNorTextNorNullIsRefused) {
  ExpectError(absl::StrCat(kNumberAndText, "rows { values { number_value: 1 } values { bool_value: true } }"),
              "table.rows[0].values[1] = true, must be a text, a finite number or null: column `kind`");
  ExpectError(absl::StrCat(kNumberAndText, "rows { values { number_value: 1 } values { } }"),
              "table.rows[0].values[1] = unset, must be a text, a finite number or null: column `kind`");
}

}  // namespace
}  // namespace trainyard
