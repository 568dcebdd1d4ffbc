#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/data/numpy_files.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<Reading> ReadArchive(const std::string& content, ReadOptions options = {},
                                    const ReadLimits& limits = {}) {
  options.format = Format::kNpz;
  return Read(content, options, limits);
}

std::string FaultOf(const std::string& content, const ReadLimits& limits = {}) {
  const std::string fault = Fault(ReadArchive(content, {}, limits).status());
  return fault.ends_with(" |  | ") ? fault.substr(0, fault.size() - 6) : fault;
}

std::string FaultOf(const Member& member) { return FaultOf(Archive({member})); }

const std::string kX = Npy("<f4", "(3, 2)", Elements<float>({0.5, 1, 2, 3, 4, 5}));
const std::string kY = Npy("<i8", "(3,)", Elements<int64_t>({7, 3, 7}));
const std::string kWeight = Npy("<f8", "(3,)", Elements<double>({1, 0.5, 2}));

TEST(NpzTest, LabelsAndWeightsHaveTheirRoles) {
  const Reading reading =
      *ReadArchive(Archive({Stored("y.npy", kY), Stored("weight.npy", kWeight), Stored("x.npy", kX)}));
  EXPECT_EQ(reading.result.row_count, 3);
  EXPECT_EQ(reading.dataset->Number(1, 1), 3);
  EXPECT_EQ(reading.column("label").role, ColumnRole::kTarget);
  EXPECT_THAT(CategoriesOf(reading.column("label")), ElementsAre("3:1", "7:2"));
  EXPECT_EQ(reading.dataset->Code(0, 2), 1u);
  EXPECT_EQ(reading.column("weight").role, ColumnRole::kWeight);
  EXPECT_EQ(reading.dataset->Number(1, 3), 0.5);
}

TEST(NpzTest, LabelsAndWeightsMayBeLeftOut) {
  const Reading reading = *ReadArchive(Archive({Stored("x.npy", kX)}));
  EXPECT_EQ(reading.result.schema.columns.size(), 2u);
  EXPECT_EQ(reading.result.schema.Find(ColumnRole::kTarget), std::nullopt);
}

TEST(NpzTest, LabelsWithAFractionAreNumbers) {
  const std::string y = Npy("<f4", "(3,)", Elements<float>({1, 0, 1}));
  const std::string content = Archive({Stored("x.npy", kX), Stored("y.npy", y)});
  EXPECT_EQ(ReadArchive(content)->column("label").type, ColumnType::kNumeric);
  EXPECT_EQ(ReadArchive(content, {.types = {{"label", ColumnType::kCategorical}}})->column("label").type,
            ColumnType::kCategorical);
}

// 2^53 and 2^53 + 1 are one double.
TEST(NpzTest, WholeNumbersThatADoubleDoesNotTellApartAreNoCategories) {
  const std::string y = Npy("<i8", "(3,)", Elements<int64_t>({1LL << 53, (1LL << 53) + 1, 0}));
  const std::string content = Archive({Stored("x.npy", kX), Stored("y.npy", y)});
  EXPECT_EQ(ReadArchive(content)->column("label").type, ColumnType::kNumeric);
  EXPECT_EQ(
      Fault(ReadArchive(content, {.types = {{"label", ColumnType::kCategorical}}}).status()),
      "row 1, column \"label\": 9007199254740992 can't be told from the whole numbers beside it, as a category must "
      "be; number the categories from 0, or upload them as text in a CSV file | 1 | label");
}

TEST(NpzTest, TheOptionsSayOtherwise) {
  const std::string content = Archive({Stored("x.npy", kX), Stored("y.npy", kY), Stored("weight.npy", kWeight)});
  const Reading reading = *ReadArchive(
      content, {.target = "x_0", .types = {{"label", ColumnType::kIgnored}, {"weight", ColumnType::kIgnored}}});
  EXPECT_EQ(reading.column("x_0").role, ColumnRole::kTarget);
  EXPECT_EQ(reading.column("label").type, ColumnType::kIgnored);
  EXPECT_EQ(reading.result.schema.Find(ColumnRole::kWeight), std::nullopt);
  EXPECT_EQ(ReadArchive(content, {.weight = "x_1"})->column("weight").role, ColumnRole::kFeature);
}

TEST(NpzTest, DeflatedMembersGiveTheSameCells) {
  const Reading stored = *ReadArchive(Archive({Stored("x.npy", kX), Stored("y.npy", kY)}));
  const Reading deflated = *ReadArchive(Archive({Deflated("x.npy", kX), Deflated("y.npy", kY)}));
  EXPECT_EQ(stored.result.schema, deflated.result.schema);
  for (int64_t row = 0; row < 3; ++row) EXPECT_EQ(stored.dataset->Number(row, 1), deflated.dataset->Number(row, 1));
}

TEST(NpzTest, Zip64IsRead) {
  Member x = Stored("x.npy", kX);
  x.zip64 = true;
  Member y = Deflated("y.npy", kY);
  y.zip64 = true;
  EXPECT_EQ(ReadArchive(Archive({x, y}))->result.row_count, 3);
}

TEST(NpzTest, TheArraysMustFit) {
  const auto fault = [](const std::string& name, const std::string& content) {
    return FaultOf(Archive({Stored("x.npy", kX), Stored(name, content)}));
  };
  EXPECT_EQ(fault("y.npy", Npy("|u1", "(2,)", "ab")),
            "y.npy: it must have rank 1 and 3 items as x has, it has rank 1 and 2");
  EXPECT_EQ(fault("weight.npy", Npy("|u1", "(3, 1)", "abc")),
            "weight.npy: it must have rank 1 and 3 items as x has, it has rank 2 and 3");
  EXPECT_EQ(fault("y.npy", kY + "x"), "y.npy: its shape asks for 24 bytes of elements, it has 25");
  EXPECT_EQ(FaultOf(Stored("x.npy", kY)),
            "x.npy: its rank is 1; an array of examples has rank 2 or more, as array.reshape(-1, 1) has");
  EXPECT_EQ(fault("weight.npy", Npy("<f8", "(3,)", Elements<double>({1, -1, 1}))),
            "row 2, column \"weight\": the weight -1 must be at least 0 | 2 | weight");
}

TEST(NpzTest, TheMembersAreThree) {
  const std::string rule =
      "the archive must hold x.npy and may hold y.npy and weight.npy, it holds %; save it as np.savez(file, x=..., "
      "y=..., weight=...)";
  const auto expected = [&rule](const std::string& names) {
    return std::string(rule).replace(rule.find('%'), 1, names);
  };
  EXPECT_EQ(FaultOf(Stored("arr_0.npy", kX)), expected("\"arr_0.npy\""));
  EXPECT_EQ(FaultOf(Archive({Stored("x.npy", kX), Stored("\xff.npy", kX)})), expected("\"\\xff.npy\", \"x.npy\""));
  EXPECT_EQ(FaultOf(Archive({Stored("x.npy", kX), Stored("x.npy", kX)})), expected("\"x.npy\", \"x.npy\""));
  EXPECT_EQ(FaultOf(Archive({Stored("y.npy", kY)})), expected("\"y.npy\""));
  EXPECT_EQ(FaultOf(Archive({})), expected("nothing"));
}

TEST(NpzTest, OtherFilesAreRefused) {
  const std::string fault = "the file is not an archive of np.savez: it does not end as a ZIP archive does";
  EXPECT_EQ(FaultOf(""), fault);
  EXPECT_EQ(FaultOf(kX), fault);
  const std::string content = Archive({Stored("x.npy", kX)});
  EXPECT_EQ(FaultOf(content.substr(0, content.size() - 1)), fault);
}

TEST(NpzTest, AMemberIsWhole) {
  Member member = Stored("x.npy", kX);
  member.crc32 ^= 1;
  EXPECT_EQ(FaultOf(member), "\"x.npy\" in the archive: its bytes do not match their CRC-32");
  member = Stored("x.npy", kX);
  member.size += 1;
  EXPECT_EQ(FaultOf(member), "\"x.npy\" in the archive: it has two sizes");
  member = Stored("x.npy", kX);
  member.flags = 1;
  EXPECT_EQ(FaultOf(member), "\"x.npy\" in the archive: it is encrypted");
  member = Stored("x.npy", kX);
  member.method = 12;
  EXPECT_EQ(FaultOf(member), "\"x.npy\" in the archive: it is neither stored nor deflated");
}

TEST(NpzTest, ADeflatedMemberHasTheSizeDeclared) {
  for (const int difference : {-1, 1}) {
    Member member = Deflated("x.npy", kX);
    member.size += static_cast<uint64_t>(difference);
    EXPECT_THAT(FaultOf(member), HasSubstr("it does not unpack to"));
  }
  Member member = Deflated("x.npy", kX);
  member.packed.resize(member.packed.size() - 1);
  EXPECT_THAT(FaultOf(member), HasSubstr("it does not unpack to"));
  member = Deflated("x.npy", kX);
  member.packed += "x";
  EXPECT_THAT(FaultOf(member), HasSubstr("it does not unpack to"));
  member.packed = "\x07\x07\x07";
  EXPECT_THAT(FaultOf(member), HasSubstr("it does not unpack to"));
}

TEST(NpzTest, ASmallArchiveDoesNotFillTheMemory) {
  const std::string zeros = Npy("|u1", "(1000, 1000)", std::string(1'000'000, '\0'));
  const std::string content = Archive({Deflated("x.npy", zeros)});
  EXPECT_TRUE(ReadArchive(content).ok());
  EXPECT_EQ(FaultOf(content, {.free_unpacked_bytes = 1000, .max_expansion = 10}),
            "the archive's compressed members unpack to more than the " + std::to_string(10 * content.size()) +
                " bytes allowed; save them with np.savez, which does not compress");
  EXPECT_THAT(FaultOf(content, {.max_unpacked_bytes = 999'999}), HasSubstr("more than the 999999 bytes allowed"));
  EXPECT_TRUE(ReadArchive(Archive({Stored("x.npy", zeros)}), {}, {.max_unpacked_bytes = 0}).ok());
}

TEST(NpzTest, SizesOfAllMembersCountTogether) {
  Member x = Deflated("x.npy", kX);
  Member y = Deflated("y.npy", kY);
  const int64_t both = static_cast<int64_t>(x.size + y.size);
  EXPECT_TRUE(ReadArchive(Archive({x, y}), {}, {.max_unpacked_bytes = both}).ok());
  EXPECT_FALSE(ReadArchive(Archive({x, y}), {}, {.max_unpacked_bytes = both - 1}).ok());
}

TEST(NpzTest, AnAbsurdSizeIsRefusedBeforeItIsTaken) {
  Member member = Deflated("x.npy", kX);
  member.zip64 = true;
  member.size = ~uint64_t{0};
  EXPECT_THAT(FaultOf(member), HasSubstr("unpack to more than the"));
}

TEST(NpzTest, ADirectoryThatPointsNowhereIsRefused) {
  const std::string content = Archive({Stored("x.npy", kX)});
  std::string damaged = content;
  damaged.replace(damaged.size() - 6, 4, Little(0x7FFFFFFF, 4));
  EXPECT_EQ(FaultOf(damaged), "the archive's directory is damaged or breaks off; save it again");
  damaged = content;
  damaged.replace(damaged.size() - 6, 4, Little(0xFFFFFFFF, 4));
  EXPECT_EQ(FaultOf(damaged), "the archive's directory is damaged or breaks off; save it again");
  damaged = content;
  damaged.replace(damaged.size() - 12, 2, Little(2, 2));
  EXPECT_EQ(FaultOf(damaged), "the archive's directory is damaged or breaks off; save it again");
  damaged.replace(damaged.size() - 12, 2, Little(1001, 2));
  EXPECT_EQ(FaultOf(damaged), "the archive has 1001 members, the limit is 1000");
}

TEST(NpzTest, AMemberBeyondTheFileIsRefused) {
  Member member = Stored("x.npy", kX);
  std::string content = Archive({member});
  const size_t entry = content.find(Little(0x02014B50, 4));
  content.replace(entry + 42, 4, Little(0x7FFFFFFF, 4));
  EXPECT_EQ(FaultOf(content), "\"x.npy\" in the archive: its bytes are not all there");
  content = Archive({member});
  content.replace(entry + 20, 8, Little(0x7FFFFFFF, 4) + Little(0x7FFFFFFF, 4));
  EXPECT_EQ(FaultOf(content), "\"x.npy\" in the archive: its bytes are not all there");
}

}  // namespace
}  // namespace trainyard
