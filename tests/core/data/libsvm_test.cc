#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/data/sparse_numbers.h"
#include "tests/core/data/building.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

const ReadOptions kPlain{.format = Format::kLibsvm};

Reading MustRead(std::string_view content, ReadOptions options = {}) {
  options.format = Format::kLibsvm;
  absl::StatusOr<Reading> reading = Read(content, options);
  EXPECT_TRUE(reading.ok()) << reading.status();
  return *std::move(reading);
}

// `label | features` of each row.
std::vector<std::string> Lines(const Reading& reading) {
  std::vector<std::string> lines;
  const Dataset& dataset = *reading.dataset;
  for (int64_t row = 0; row < dataset.row_count(); ++row) {
    const Column& label = dataset.schema().columns[0];
    const std::string text = label.type == ColumnType::kCategorical ? label.categories[dataset.Code(row, 0)].value
                                                                    : std::to_string(dataset.Number(row, 0));
    lines.push_back(text + " | " + SparseText(dataset.sparse(1), row));
  }
  return lines;
}

TEST(LibsvmTest, ALineIsALabelAndItsNumbers) {
  const Reading reading = MustRead("+1 1:0.5 3:-2\n-1 2:1e3\n+1\n");
  EXPECT_THAT(Lines(reading), ElementsAre("1 | 1:0.5 3:-2", "-1 | 2:1000", "1 | "));
  EXPECT_EQ(reading.column("label").role, ColumnRole::kTarget);
  EXPECT_THAT(CategoriesOf(reading.column("label")), ElementsAre("-1:1", "1:2"));
  const Column& features = reading.column("features");
  EXPECT_EQ(features.type, ColumnType::kSparse);
  EXPECT_EQ(features.role, ColumnRole::kFeature);
  EXPECT_EQ(features.width, 3);
  EXPECT_EQ(features.nonzero_count, 3);
}

TEST(LibsvmTest, CommentsBlankLinesSpacesAndCarriageReturnsDoNotCount) {
  const Reading reading = MustRead("# a comment\n\n 1  1:2\t4:5  # two numbers\r\n \t\n0 2:3 \r\n#\n1 1:1");
  EXPECT_THAT(Lines(reading), ElementsAre("1 | 1:2 4:5", "0 | 2:3", "1 | 1:1"));
}

TEST(LibsvmTest, NumbersThatAreZeroAreNotKept) {
  const Reading reading = MustRead("0 1:0 2:7\n1 3:0 4:-0.0\n");
  EXPECT_THAT(Lines(reading), ElementsAre("0 | 2:7", "1 | "));
  EXPECT_EQ(reading.column("features").width, 2);
  EXPECT_EQ(reading.column("features").nonzero_count, 1);
}

TEST(LibsvmTest, LabelsThatAreNotWholeAreNumbers) {
  EXPECT_EQ(MustRead("0.5 1:1\n2 1:2\n").column("label").type, ColumnType::kNumeric);
}

TEST(LibsvmTest, ValuesTakeTheNarrowestKindThatHoldsThemExactly) {
  const Reading narrow = MustRead("0 1:0.5 9:255\n1 2:3\n");
  EXPECT_EQ(narrow.dataset->sparse(1).f32.size(), 3u);
  EXPECT_TRUE(narrow.dataset->sparse(1).f64.empty());
  const Reading wide = MustRead("0 1:0.1\n1 2:3\n");
  EXPECT_EQ(wide.dataset->sparse(1).f64.size(), 2u);
  EXPECT_EQ(wide.dataset->sparse(1).value(0), 0.1);
}

TEST(LibsvmTest, TheLabelMayBeIgnoredOrTheWeight) {
  const Reading ignored = MustRead("5 1:1\n6 2:2\n", {.types = {{"label", ColumnType::kIgnored}}});
  EXPECT_EQ(SparseText(ignored.dataset->sparse(1), 1), "2:2");
  EXPECT_EQ(MustRead("5 1:1\n", {.weight = "label"}).column("label").role, ColumnRole::kWeight);
  EXPECT_EQ(MustRead("1 1:1\n", {.types = {{"features", ColumnType::kIgnored}}}).column("features").type,
            ColumnType::kIgnored);
}

TEST(LibsvmTest, ManyRowsReadBackAsTheyWereWritten) {
  std::string content;
  std::vector<std::string> expected;
  for (int i = 0; i < 40'000; ++i) {
    const std::string numbers = std::to_string(1 + i % 97) + ":" + std::to_string(i + 1) + " 100000:0.25";
    content += std::to_string(i % 2) + " " + numbers + "\n";
    expected.push_back(std::to_string(i % 2) + " | " + numbers);
  }
  const Reading reading = MustRead(content);
  EXPECT_EQ(Lines(reading), expected);
  EXPECT_EQ(reading.column("features").width, 100'000);
}

struct FaultCase {
  const char* content;
  const char* fault;
};

TEST(LibsvmTest, FaultsAreNamedByLineAndIndex) {
  const FaultCase cases[] = {
      {"", "row 1, column \"label\": the file has no example; a line must be label index:value … | 1 | label"},
      {"# nothing\n",
       "row 1, column \"label\": the file has no example; a line must be label index:value … | 1 | label"},
      {"1 1:1\nx 1:1\n", "row 2, column \"label\": \"x\" is not a number | 2 | label"},
      {"1,2 1:1\n", "row 1, column \"label\": \"1,2\" is not a number | 1 | label"},
      {"nan 1:1\n", "row 1, column \"label\": \"nan\" must be a finite number | 1 | label"},
      {"\xff 1:1\n", "row 1, column \"label\": a text that is not UTF-8 is not a number | 1 | label"},
      {"\n\n1:1 2:2\n",
       "row 3, column \"label\": the line begins with index:value; it must begin with the label | 3 | label"},
      {"1 qid:3 1:1\n",
       "row 1, column \"features\": groups of a query (qid) belong to ranking, which is not among the tasks here; "
       "leave "
       "them out | 1 | features"},
      {"1 5\n", "row 1, column \"features\": \"5\" must be index:value | 1 | features"},
      {"1 a:1\n", "row 1, column \"features\": \"a\" is not an index | 1 | features"},
      {"1 -1:1\n", "row 1, column \"features\": \"-1\" is not an index | 1 | features"},
      {"1 0:1\n", "row 1, column \"features\": the index is 0; indices count from 1 | 1 | features"},
      {"1 1:1\n1 7:x\n", "row 2, column 7: \"x\" is not a number | 2 | 7"},
      {"1 7:\n", "row 1, column 7: \"\" is not a number | 1 | 7"},
      {"1 7:1:2\n", "row 1, column 7: \"1:2\" is not a number | 1 | 7"},
      {"1 7:inf\n", "row 1, column 7: \"inf\" must be a finite number | 1 | 7"},
      {"1 7:1 7:2\n", "row 1, column 7: the index follows 7; indices must ascend | 1 | 7"},
      {"1 7:1 3:2\n", "row 1, column 3: the index follows 7; indices must ascend | 1 | 3"},
      {"1 1000000001:1\n", "row 1, column 1000000001: the index is above the limit of 1000000000 | 1 | 1000000001"},
  };
  for (const FaultCase& fault : cases) EXPECT_EQ(Fault(Read(fault.content, kPlain).status()), fault.fault);
}

TEST(LibsvmTest, RowsAreLimited) {
  EXPECT_EQ(Fault(Read("1 1:1\n#\n2 1:1\n", kPlain, {.max_rows = 1}).status()),
            "row 3, column \"label\": the limit is 1 rows | 3 | label");
}

TEST(LibsvmTest, OptionsThatDoNotFitAreRefused) {
  const auto message = [](ReadOptions options) {
    options.format = Format::kLibsvm;
    return std::string(Read("1 1:1\n", options).status().message());
  };
  EXPECT_EQ(message({.target = "features"}), "target = features, must be label: a sparse column can't be the target");
  EXPECT_EQ(message({.weight = "features"}),
            "weight = features, must be label: a sparse column can't hold the weights");
  EXPECT_EQ(message({.split = "label"}), "split = label, must be left out: a LIBSVM file has no column of text");
  EXPECT_EQ(message({.types = {{"features", ColumnType::kNumeric}}}),
            "types[features] = numeric, must be sparse or ignored");
  EXPECT_EQ(message({.types = {{"label", ColumnType::kSparse}}}),
            "types[label] = sparse, must be numeric, categorical or ignored, as the column is not sparse");
}

TEST(SparseNumbersTest, ATableOfRowsWidensItsColumn) {
  Column features{.name = "f", .type = ColumnType::kSparse, .width = 2};
  DatasetBuilder builder(Schema{{Numeric("x"), features}});
  SparseNumbers row;
  ASSERT_FALSE(ParseSparse("2:0.5 4:1", 10, row).has_value());
  builder.AddRow(std::vector<double>{1, 0}, std::vector<SparseNumbers>{row});
  builder.AddRow(std::vector<double>{2, 0}, std::vector<SparseNumbers>{SparseNumbers()});
  const std::shared_ptr<const Dataset> dataset = std::move(builder).Build();
  EXPECT_EQ(dataset->schema().columns[1].width, 4);
  EXPECT_EQ(SparseText(dataset->sparse(1), 0), "2:0.5 4:1");
  EXPECT_EQ(SparseText(dataset->sparse(1), 1), "");
  EXPECT_EQ(dataset->Number(1, 0), 2);
}

}  // namespace
}  // namespace trainyard
