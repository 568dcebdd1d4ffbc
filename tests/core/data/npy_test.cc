#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/core/data/numpy_files.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<Reading> ReadArray(const std::string& content, ReadOptions options = {}, const ReadLimits& limits = {}) {
  options.format = Format::kNpy;
  return Read(content, options, limits);
}

// The fault's sentence, which has no place among rows and columns.
std::string FaultOf(const std::string& content, const ReadLimits& limits = {}) {
  const std::string fault = Fault(ReadArray(content, {}, limits).status());
  return fault.ends_with(" |  | ") ? fault.substr(0, fault.size() - 6) : fault;
}

std::string FaultOfHeader(const std::string& header) { return FaultOf(NpyWithHeader(header, "12345678")); }

// All cells, row by row; classes by their names.
std::vector<double> CellsOf(const Reading& reading) {
  std::vector<double> cells;
  for (int64_t row = 0; row < reading.result.row_count; ++row) {
    for (int i = 0; i < static_cast<int>(reading.result.schema.columns.size()); ++i) {
      const Column& column = reading.result.schema.columns[i];
      cells.push_back(column.type == ColumnType::kCategorical
                          ? std::stod(column.categories[reading.dataset->Code(row, i)].value)
                          : reading.dataset->Number(row, i));
    }
  }
  return cells;
}

const std::string kNotADict = "the array: its header is not a dict of descr, fortran_order and shape, each once";

TEST(NpyTest, ElementsOfARowBecomeColumns) {
  const Reading reading = *ReadArray(Npy("<f8", "(2, 3)", Elements<double>({0.5, 2, 3, 4.5, 5, 6})));
  EXPECT_EQ(reading.result.row_count, 2);
  EXPECT_EQ(reading.result.schema.columns[2].name, "x_2");
  EXPECT_THAT(CellsOf(reading), ElementsAre(0.5, 2, 3, 4.5, 5, 6));
}

TEST(NpyTest, FortranOrderGivesTheSameCells) {
  const Reading reading = *ReadArray(Npy("<f8", "(2, 3)", Elements<double>({0.5, 4.5, 2, 5, 3, 6}), "True"));
  EXPECT_THAT(CellsOf(reading), ElementsAre(0.5, 2, 3, 4.5, 5, 6));
}

TEST(NpyTest, ElementsOfHigherRankAreNamedByTheirIndices) {
  const Reading in_c = *ReadArray(Npy("|u1", "(2, 2, 2)", Elements<uint8_t>({0, 1, 2, 3, 4, 5, 6, 7})));
  EXPECT_EQ(in_c.result.schema.columns[2].name, "x_1_0");
  EXPECT_THAT(CellsOf(in_c), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  const Reading in_fortran = *ReadArray(Npy("|u1", "(2, 2, 2)", Elements<uint8_t>({0, 4, 2, 6, 1, 5, 3, 7}), "True"));
  EXPECT_THAT(CellsOf(in_fortran), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(NpyTest, TheLastColumnIsTheTargetUnlessAnotherIsNamed) {
  const std::string content = Npy("<f8", "(2, 2)", Elements<double>({1, 2.5, 3, 4}));
  EXPECT_EQ(ReadArray(content)->column("x_1").role, ColumnRole::kTarget);
  EXPECT_EQ(ReadArray(content, {.target = "x_0"})->column("x_0").role, ColumnRole::kTarget);
  EXPECT_EQ(ReadArray(content, {.types = {{"x_1", ColumnType::kIgnored}}})->column("x_0").role, ColumnRole::kTarget);
}

TEST(NpyTest, BytesStayBytes) {
  const Reading reading = *ReadArray(Npy("|u1", "(1, 2)", Elements<uint8_t>({0, 255})), {.target = "x_1"});
  EXPECT_EQ(reading.place("x_0").kind, CellKind::kU8);
  EXPECT_EQ(ReadArray(Npy("<f4", "(1, 2)", Elements<float>({0.5, 255})))->place("x_0").kind, CellKind::kF32);
}

TEST(NpyTest, ReadsEveryTypeOfElement) {
  const auto cells = [](const std::string& descr, const std::string& elements) {
    return CellsOf(*ReadArray(Npy(descr, "(1, 2)", elements)));
  };
  EXPECT_THAT(cells("|b1", Elements<uint8_t>({0, 1})), ElementsAre(0, 1));
  EXPECT_THAT(cells("|u1", Elements<uint8_t>({0, 255})), ElementsAre(0, 255));
  EXPECT_THAT(cells("|i1", Elements<int8_t>({-128, 127})), ElementsAre(-128, 127));
  EXPECT_THAT(cells("<u2", Elements<uint16_t>({1, 65535})), ElementsAre(1, 65535));
  EXPECT_THAT(cells("<i2", Elements<int16_t>({-32768, 32767})), ElementsAre(-32768, 32767));
  EXPECT_THAT(cells("<u4", Elements<uint32_t>({1, 4294967295})), ElementsAre(1, 4294967295));
  EXPECT_THAT(cells("<i4", Elements<int32_t>({-5, 16777217})), ElementsAre(-5, 16777217));
  EXPECT_THAT(cells("<u8", Elements<uint64_t>({1, uint64_t{1} << 63})), ElementsAre(1, 0x1.0p63));
  EXPECT_THAT(cells("<i8", Elements<int64_t>({-1, int64_t{1} << 53})), ElementsAre(-1, 0x1.0p53));
  EXPECT_THAT(cells("<f4", Elements<float>({1.5f, -0.5f})), ElementsAre(1.5, -0.5));
  EXPECT_THAT(cells("<f8", Elements<double>({0.1, -2})), ElementsAre(0.1, -2));
}

TEST(NpyTest, ReadsHalfPrecision) {
  // 1, -2, the largest, the smallest normal, the smallest at all, -0.
  const std::string elements = Elements<uint16_t>({0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000});
  EXPECT_THAT(CellsOf(*ReadArray(Npy("<f2", "(1, 6)", elements))), ElementsAre(1, -2, 65504, 0x1.0p-14, 0x1.0p-24, 0));
  EXPECT_EQ(FaultOf(Npy("<f2", "(1, 1)", Elements<uint16_t>({0x7C00}))),
            "row 1, column \"x_0\": \"inf\" must be a finite number | 1 | x_0");
}

TEST(NpyTest, WholeNumbersBeyondDoubleAreRounded) {
  const std::string content = Npy("<i8", "(1, 1)", Elements<int64_t>({(int64_t{1} << 53) + 1}));
  EXPECT_EQ(ReadArray(content, {.types = {{"x_0", ColumnType::kNumeric}}})->dataset->Number(0, 0), 0x1.0p53);
}

TEST(NpyTest, NumbersAreFinite) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(FaultOf(Npy("<f8", "(2, 2)", Elements<double>({0, 1, 2, nan}))),
            "row 2, column \"x_1\": \"nan\" must be a finite number | 2 | x_1");
}

TEST(NpyTest, ReadsEveryVersionAndFormOfHeader) {
  const std::string elements = Elements<double>({1, 2});
  for (const int version : {1, 2, 3}) {
    EXPECT_TRUE(ReadArray(Npy("<f8", "(1, 2)", elements, "False", version)).ok()) << version;
  }
  for (const char* header : {"{'descr':'<f8','fortran_order':False,'shape':(1,2)}",
                             "{ \"shape\" : ( 1L , 2L , ) , \"fortran_order\" : True , \"descr\" : \"<f8\" , }\n"}) {
    EXPECT_TRUE(ReadArray(NpyWithHeader(header, elements)).ok()) << header;
  }
}

TEST(NpyTest, ObjectsAreRefused) {
  EXPECT_EQ(FaultOf(Npy("|O", "(1, 1)", "\x80\x04N.")),
            "the array: it holds Python objects (|O), which only running code could read; save "
            "array.astype('float64')");
}

TEST(NpyTest, BigEndianNumbersAreRefused) {
  EXPECT_EQ(FaultOf(Npy(">f8", "(1, 1)", "12345678")),
            "the array: its numbers are big-endian (>f8); save array.astype('<f8')");
}

TEST(NpyTest, OtherElementsAreRefused) {
  EXPECT_EQ(FaultOf(Npy("<U2", "(1, 1)", "12345678")),
            "the array: its elements are of type <U2; there are b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 and f8");
  EXPECT_EQ(FaultOf(Npy("\x01\xff", "(1, 1)", "12345678")),
            "the array: its elements are of type \\x01\\xff; there are b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 and "
            "f8");
  EXPECT_EQ(FaultOfHeader("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}"),
            "the array: its header tells of records with fields; save their numbers as one plain array");
}

TEST(NpyTest, OtherFilesAreRefused) {
  EXPECT_EQ(FaultOf(""), "the array: it does not begin as a file of np.save does");
  EXPECT_EQ(FaultOf("a,b\n1,2\n"), "the array: it does not begin as a file of np.save does");
  EXPECT_EQ(FaultOf(Npy("<f8", "(1, 1)", "12345678", "False", 4)),
            "the array: its format has version 4.0; there are 1.0, 2.0 and 3.0");
}

TEST(NpyTest, TheHeaderIsADictOfThreeKeys) {
  for (const char* header :
       {"", "[]", "{}", "{'descr': '<f8'}", "{'descr': '<f8', 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)", "{'descr': '<f8' 'fortran_order': False}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)} x",
        "{'descr': '<f8', 'fortran_order': 0, 'shape': (1, 1)}", "{'descr': '<f8', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'more': 1}",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '<\\x66\\x38', 'fortran_order': False, 'shape': (1, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, __import__('os').getpid())}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1.5, 1)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (,)}"}) {
    EXPECT_EQ(FaultOfHeader(header), kNotADict) << header;
  }
}

TEST(NpyTest, HostileShapesAreRefused) {
  const auto fault = [](const std::string& shape) { return FaultOf(Npy("<f8", shape, "12345678")); };
  EXPECT_EQ(fault("(-1, 1)"), "the array: its header has a negative dimension in its shape");
  EXPECT_EQ(fault("(9223372036854775808, 1)"), "the array: its header has a dimension beyond 2^63 in its shape");
  EXPECT_EQ(fault("(9223372036854775807, 9223372036854775807)"),
            "the array: its shape asks for more elements than there can be");
  EXPECT_EQ(fault("(4294967296, 4294967296)"), "the array: its shape asks for more elements than there can be");
  EXPECT_EQ(fault("(2305843009213693952, 1)"), "the array: its shape asks for more elements than there can be");
  EXPECT_EQ(fault("(1000000000000, 1)"), "the array: its shape asks for 8000000000000 bytes of elements, it has 8");
  EXPECT_EQ(fault("(0, 9223372036854775807)"), "the array: dimension 1 is 0");
  EXPECT_EQ(fault("(1, 0)"), "the array: dimension 2 is 0");
  EXPECT_EQ(fault("()"), "the array: it is a single number; save an array of rank 2");
  EXPECT_EQ(fault("(1,)"),
            "the array: its rank is 1; an array of examples has rank 2 or more, as array.reshape(-1, 1) has");
  std::string long_shape = "(";
  for (int i = 0; i < 65; ++i) long_shape += "1,";
  EXPECT_EQ(fault(long_shape + ")"), "the array: its header has a shape of more than 64 dimensions");
}

TEST(NpyTest, TruncatedAndTrailingBytesAreRefused) {
  const std::string content = Npy("<f8", "(1, 2)", Elements<double>({1, 2}));
  EXPECT_EQ(FaultOf(content.substr(0, content.size() - 1)),
            "the array: its shape asks for 16 bytes of elements, it has 15");
  EXPECT_EQ(FaultOf(content + "x"), "the array: its shape asks for 16 bytes of elements, it has 17");
  EXPECT_EQ(FaultOf(content.substr(0, 9)), "the array: it ends in its header");
  EXPECT_EQ(FaultOf(content.substr(0, 30)), "the array: it ends in its header");
}

TEST(NpyTest, LimitsOnColumnsAndRows) {
  const std::string content = Npy("|u1", "(2, 3)", "abcdef");
  EXPECT_EQ(FaultOf(content, {.max_columns = 2}), "an example has 3 elements, the limit is 2 columns");
  EXPECT_EQ(FaultOf(content, {.max_rows = 1}), "there are 2 examples, the limit is 1 rows");
}

}  // namespace
}  // namespace trainyard
