#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

std::string BigEndian(uint64_t value, int size) {
  std::string bytes;
  for (int i = size - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

std::string Head(int type, std::vector<uint32_t> dimensions) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(dimensions.size())};
  for (const uint32_t dimension : dimensions) bytes += BigEndian(dimension, 4);
  return bytes;
}

std::string Bytes(std::vector<int> values) { return std::string(values.begin(), values.end()); }

absl::StatusOr<Reading> ReadArrays(const std::string& content, ReadOptions options = {},
                                   const ReadLimits& limits = {}) {
  options.format = Format::kIdx;
  return Read(content, options, limits);
}

std::string FaultOf(const std::string& content, const ReadLimits& limits = {}) {
  return Fault(ReadArrays(content, {}, limits).status());
}

const std::string kExamples = Head(8, {2, 1, 3}) + Bytes({1, 2, 3, 4, 5, 255});
const std::string kLabels = Head(8, {2}) + Bytes({7, 3});

TEST(IdxTest, ElementsBecomeColumnsAndLabelsTheTarget) {
  const Reading reading = *ReadArrays(kExamples + kLabels);
  EXPECT_EQ(reading.result.row_count, 2);
  EXPECT_EQ(reading.result.schema.columns[2].name, "x_0_2");
  EXPECT_EQ(reading.dataset->u8()(1, 2), 255);
  EXPECT_EQ(reading.column("label").role, ColumnRole::kTarget);
  EXPECT_THAT(CategoriesOf(reading.column("label")), ElementsAre("3:1", "7:1"));
  EXPECT_EQ(reading.dataset->Code(0, 3), 1u);
}

TEST(IdxTest, LabelsMayBeLeftOut) {
  EXPECT_EQ(ReadArrays(kExamples)->result.schema.Find(ColumnRole::kTarget), std::nullopt);
}

TEST(IdxTest, DeclaredCategoriesAreInNumericOrder) {
  const Reading reading = *ReadArrays(kExamples + kLabels, {.types = {{"x_0_0", ColumnType::kCategorical}}});
  EXPECT_THAT(CategoriesOf(reading.column("x_0_0")), ElementsAre("1:1", "4:1"));
}

TEST(IdxTest, ReadsEveryTypeOfElement) {
  const auto cells = [](int type, const std::string& elements) {
    const Reading reading = *ReadArrays(Head(type, {1, 2}) + elements);
    return std::vector<double>{reading.dataset->Number(0, 0), reading.dataset->Number(0, 1)};
  };
  EXPECT_THAT(cells(0x08, Bytes({0, 255})), ElementsAre(0, 255));
  EXPECT_THAT(cells(0x09, Bytes({-128, 127})), ElementsAre(-128, 127));
  EXPECT_THAT(cells(0x0B, BigEndian(0x8000, 2) + BigEndian(0x7FFF, 2)), ElementsAre(-32768, 32767));
  EXPECT_THAT(cells(0x0C, BigEndian(0x80000000, 4) + BigEndian(16777217, 4)), ElementsAre(-2147483648.0, 16777217));
  EXPECT_THAT(cells(0x0D, BigEndian(0x3FC00000, 4) + BigEndian(0xBF000000, 4)), ElementsAre(1.5, -0.5));
  EXPECT_THAT(cells(0x0E, BigEndian(0x3FB999999999999A, 8) + BigEndian(0xC000000000000000, 8)), ElementsAre(0.1, -2));
}

TEST(IdxTest, NumbersAreFinite) {
  EXPECT_EQ(FaultOf(Head(0x0D, {2, 1}) + BigEndian(0, 4) + BigEndian(0x7FC00000, 4)),
            "row 2, column \"x_0\": \"nan\" must be a finite number | 2 | x_0");
}

TEST(IdxTest, EmptyFile) { EXPECT_EQ(FaultOf(""), "the file is empty; it must begin with an IDX array |  | "); }

TEST(IdxTest, BadMagic) {
  EXPECT_EQ(
      FaultOf("a,b\n1,2\n"),
      "the IDX array at byte 0: it does not begin with two zero bytes, the type of its elements and its rank |  | ");
  EXPECT_EQ(
      FaultOf(Head(0x0A, {1, 1})),
      "the IDX array at byte 0: 0x0a is no type of elements; there are 0x08, 0x09, 0x0b, 0x0c, 0x0d and 0x0e |  | ");
}

TEST(IdxTest, Truncated) {
  EXPECT_EQ(FaultOf(kExamples.substr(0, kExamples.size() - 1)),
            "row 2, column 3: the IDX array at byte 0 ends here; its dimensions ask for 2 items | 2 | 3");
  EXPECT_EQ(FaultOf(kExamples.substr(0, 9)), "the IDX array at byte 0: it ends within its dimensions |  | ");
  EXPECT_EQ(FaultOf(kExamples + kLabels.substr(0, kLabels.size() - 1)),
            "row 2, column 1: the IDX array at byte 22 ends here; its dimensions ask for 2 items | 2 | 1");
}

TEST(IdxTest, TrailingBytes) {
  EXPECT_EQ(FaultOf(kExamples + kLabels + "xyz"), "3 bytes follow the last IDX array, at byte 32 |  | ");
}

TEST(IdxTest, ExamplesOfRankOne) {
  EXPECT_EQ(FaultOf(kLabels),
            "the IDX array at byte 0: its rank is 1; the array of examples must have rank 2 or more |  | ");
  EXPECT_EQ(FaultOf(Head(8, {})), "the IDX array at byte 0: its rank is 0 |  | ");
}

TEST(IdxTest, LabelsThatDoNotFit) {
  EXPECT_EQ(FaultOf(kExamples + kExamples),
            "the IDX array at byte 22: the array of labels must have rank 1 and 2 items, it has rank 3 and 2 |  | ");
  EXPECT_EQ(FaultOf(kExamples + Head(8, {1}) + "x"),
            "the IDX array at byte 22: the array of labels must have rank 1 and 2 items, it has rank 1 and 1 |  | ");
}

TEST(IdxTest, AbsurdDimensionsAreTruncated) {
  const std::vector<uint32_t> dimensions(255, 0xFFFFFFFF);
  EXPECT_EQ(FaultOf(Head(0x0E, dimensions)),
            "row 1, column 1: the IDX array at byte 0 ends here; its dimensions ask for 4294967295 items | 1 | 1");
  EXPECT_EQ(FaultOf(Head(8, {0x80000000, 2, 0x80000000, 4})),
            "row 1, column 1: the IDX array at byte 0 ends here; its dimensions ask for 2147483648 items | 1 | 1");
  EXPECT_EQ(FaultOf(Head(8, {2, 0})), "the IDX array at byte 0: dimension 2 is 0 |  | ");
}

TEST(IdxTest, LimitsOnColumnsAndRows) {
  EXPECT_EQ(FaultOf(kExamples, {.max_columns = 2}), "an example has 3 elements, the limit is 2 columns |  | ");
  EXPECT_EQ(FaultOf(kExamples, {.max_rows = 1}), "there are 2 examples, the limit is 1 rows |  | ");
}

TEST(IdxTest, SplitColumnIsRefused) {
  EXPECT_EQ(ReadArrays(kExamples, {.split = "x_0_0"}).status().message(),
            "split = x_0_0, must be left out: arrays of numbers have no column of text");
}

}  // namespace
}  // namespace trainyard
