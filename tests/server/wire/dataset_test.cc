#include "server/wire/dataset.h"

#include <limits>

#include "core/base/status.h"
#include "core/data/dataset_builder.h"
#include "gmock/gmock.h"
#include "tests/server/wire/field_path.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

v1::Column ColumnMessage(const Column& column) {
  v1::Dataset dataset;
  AddColumns({column}, dataset);
  return dataset.columns(0);
}

Column MakeColumn(const std::string& name, ColumnType type, int category_count = 0) {
  Column column;
  column.name = name;
  column.type = type;
  for (int i = 0; i < category_count; ++i) column.categories.push_back({.value = absl::StrCat("c", i)});
  return column;
}

std::shared_ptr<const Dataset> ThreeRows() {
  DatasetBuilder builder({{MakeColumn("x", ColumnType::kNumeric), MakeColumn("kind", ColumnType::kCategorical, 2)}});
  builder.AddRow(std::vector<double>{0.5, 1});
  builder.AddRow(std::vector<double>{kNaN, 0});
  builder.AddRow(std::vector<double>{3, kNaN});
  return std::move(builder).Build();
}

std::vector<std::string> RowsOf(const v1::Table& table) {
  std::vector<std::string> rows;
  for (const google::protobuf::ListValue& row : table.rows()) {
    std::string text;
    for (const google::protobuf::Value& cell : row.values()) {
      absl::StrAppend(&text, cell.has_number_value()   ? absl::StrCat(cell.number_value(), " ")
                             : cell.has_string_value() ? cell.string_value() + " "
                             : cell.has_null_value()   ? "null "
                                                       : "? ");
    }
    rows.push_back(text);
  }
  return rows;
}

TEST(ReadOptionsTest, FieldsLeftOutKeepTheirDefaults) {
  v1::ReadOptions message;
  message.set_format(v1::FORMAT_TSV);
  const absl::StatusOr<ReadOptions> options = FromProto(message);
  ASSERT_TRUE(options.ok()) << options.status();
  ReadOptions defaults;
  defaults.format = Format::kTsv;
  EXPECT_TRUE(*options == defaults);
}

TEST(ReadOptionsTest, TheFormatIsRequired) {
  const absl::Status status = FromProto(v1::ReadOptions()).status();
  EXPECT_EQ(status.message(),
            "format = FORMAT_UNSPECIFIED, must be FORMAT_CSV, FORMAT_TSV, FORMAT_IDX, FORMAT_LIBSVM, FORMAT_NPY or "
            "FORMAT_NPZ");
}

TEST(ReadOptionsTest, ATypeWithoutAMeaningIsNamedByItsColumn) {
  v1::ReadOptions message;
  message.set_format(v1::FORMAT_CSV);
  (*message.mutable_types())["age"] = v1::COLUMN_TYPE_UNSPECIFIED;
  const absl::Status status = FromProto(message).status();
  EXPECT_EQ(status.message(),
            "types[age] = COLUMN_TYPE_UNSPECIFIED, must be COLUMN_TYPE_NUMERIC, COLUMN_TYPE_CATEGORICAL, "
            "COLUMN_TYPE_IGNORED or COLUMN_TYPE_SPARSE");
  EXPECT_TRUE(Resolves(v1::ReadOptions::descriptor(), *ErrorField(status)));
}

TEST(ColumnTest, ASparseColumnHasWidthAndCount) {
  Column column = MakeColumn("f", ColumnType::kSparse);
  column.width = 70'000;
  column.nonzero_count = 12;
  const v1::Column message = ColumnMessage(column);
  EXPECT_EQ(message.type(), v1::COLUMN_TYPE_SPARSE);
  EXPECT_EQ(message.width(), 70'000);
  EXPECT_EQ(message.nonzero_count(), 12);
  EXPECT_FALSE(message.has_numeric());
}

TEST(ToTableTest, ASparseCellIsItsText) {
  Column sparse = MakeColumn("f", ColumnType::kSparse);
  DatasetBuilder builder({{sparse, MakeColumn("x", ColumnType::kNumeric)}});
  builder.AddRow(std::vector<double>{0, 7}, std::vector<SparseNumbers>{{{2, 9}, {1.5, -2}}});
  const std::shared_ptr<const Dataset> dataset = std::move(builder).Build();
  const v1::Table table = ToTable(*dataset, 0, 1);
  EXPECT_EQ(table.rows(0).values(0).string_value(), "3:1.5 10:-2");
  EXPECT_EQ(table.rows(0).values(1).number_value(), 7);
}

TEST(ColumnTest, StatisticsBelongToNumericColumns) {
  Column column = MakeColumn("x", ColumnType::kNumeric);
  column.role = ColumnRole::kTarget;
  column.missing_count = 4;
  column.numeric = {.mean = 1, .deviation = 2, .minimum = -3, .maximum = 5};
  const v1::Column message = ColumnMessage(column);
  EXPECT_EQ(message.name(), "x");
  EXPECT_EQ(message.type(), v1::COLUMN_TYPE_NUMERIC);
  EXPECT_EQ(message.role(), v1::COLUMN_ROLE_TARGET);
  EXPECT_EQ(message.missing_count(), 4);
  EXPECT_EQ(message.numeric().mean(), 1);
  EXPECT_EQ(message.numeric().deviation(), 2);
  EXPECT_EQ(message.numeric().minimum(), -3);
  EXPECT_EQ(message.numeric().maximum(), 5);
  EXPECT_FALSE(ColumnMessage(MakeColumn("k", ColumnType::kCategorical, 2)).has_numeric());
}

TEST(ColumnTest, AtMostAThousandCategoriesGoOutAndTheirNumberIsTold) {
  const v1::Column message = ColumnMessage(MakeColumn("k", ColumnType::kCategorical, 1001));
  EXPECT_EQ(message.category_count(), 1001);
  ASSERT_EQ(message.categories_size(), 1000);
  EXPECT_EQ(message.categories(999).value(), "c999");
}

TEST(ColumnTest, CategoriesGoOutAsFarAsTheyHave32KiBTogether) {
  Column column = MakeColumn("k", ColumnType::kCategorical);
  for (const char letter : {'a', 'b', 'c'}) column.categories.push_back({.value = std::string(16'000, letter)});
  const v1::Column message = ColumnMessage(column);
  EXPECT_EQ(message.category_count(), 3);
  EXPECT_EQ(message.categories_size(), 2);
}

TEST(ColumnTest, ManyColumnsShareWhatADataSetShowsOfCategories) {
  v1::Dataset dataset;
  AddColumns(std::vector<Column>(5000, MakeColumn("k", ColumnType::kCategorical, 500)), dataset);
  EXPECT_EQ(dataset.columns_size(), 5000);
  EXPECT_EQ(dataset.columns(4999).category_count(), 500);
  EXPECT_GT(dataset.columns(4999).categories_size(), 5);
  EXPECT_LT(dataset.ByteSizeLong(), size_t{2} << 20);
}

TEST(ConditioningTest, EveryFieldGoesOut) {
  const v1::Conditioning message = ToProto(Conditioning{.constant_columns = {"a"},
                                                        .duplicate_columns = {{"b", "c"}},
                                                        .largest_deviation = 5,
                                                        .largest_deviation_column = "d",
                                                        .smallest_deviation = 2,
                                                        .smallest_deviation_column = "e",
                                                        .correlation_condition_number = 7,
                                                        .row_count = 9});
  EXPECT_EQ(message.ShortDebugString(),
            "constant_columns: \"a\" duplicate_columns { column: \"b\" duplicate_of: \"c\" } largest_deviation: 5 "
            "largest_deviation_column: \"d\" smallest_deviation: 2 smallest_deviation_column: \"e\" "
            "correlation_condition_number: 7 row_count: 9");
}

TEST(ToTableTest, CellsAreNumbersTextsAndNulls) {
  const v1::Table table = ToTable(*ThreeRows(), 0, 3);
  EXPECT_THAT(table.columns(), ElementsAre("x", "kind"));
  EXPECT_THAT(RowsOf(table), ElementsAre("0.5 c1 ", "null c0 ", "3 null "));
}

TEST(ToTableTest, GivesTheRowsAskedForAsFarAsThereAreSuch) {
  const auto dataset = ThreeRows();
  EXPECT_THAT(RowsOf(ToTable(*dataset, 1, 1)), ElementsAre("null c0 "));
  EXPECT_THAT(RowsOf(ToTable(*dataset, 2, std::numeric_limits<int64_t>::max())), ElementsAre("3 null "));
  EXPECT_THAT(RowsOf(ToTable(*dataset, 3, 1)), ElementsAre());
  EXPECT_THAT(RowsOf(ToTable(*dataset, 9, 1)), ElementsAre());
}

TEST(ToTableTest, IgnoredColumnsAreLeftOut) {
  DatasetBuilder builder({{MakeColumn("a", ColumnType::kIgnored), MakeColumn("b", ColumnType::kNumeric)}});
  builder.AddRow(std::vector<double>{kNaN, 7});
  const v1::Table table = ToTable(*std::move(builder).Build(), 0, 1);
  EXPECT_THAT(table.columns(), ElementsAre("b"));
  EXPECT_THAT(RowsOf(table), ElementsAre("7 "));
}

}  // namespace
}  // namespace trainyard
