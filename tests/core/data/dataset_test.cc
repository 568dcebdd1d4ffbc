#include "core/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/escaping.h"
#include "tests/core/data/building.h"
#include "tests/core/data/file_pages.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

using ::testing::ElementsAre;

std::string SampleBytes() {
  StringSink sink;
  EXPECT_TRUE(ReadDataset("a,b,c,y\n1,0.5,0.1,x\n2,1.5,0.2,y\n3,,0.3,\n", {}, {}, sink).ok());
  return sink.bytes();
}

absl::Status OpenStatus(const std::string& bytes) {
  return Dataset::Open(std::as_bytes(std::span(bytes)), nullptr).status();
}

TEST(DatasetTest, HoldsCellsOfEveryKind) {
  const Reading reading = *Read("a,b,c,y\n1,0.5,0.1,x\n2,1.5,0.2,y\n3,,0.3,\n");
  const Dataset& dataset = *reading.dataset;
  EXPECT_EQ(dataset.u8()(2, 0), 3);
  EXPECT_EQ(dataset.f32()(1, 0), 1.5f);
  EXPECT_TRUE(std::isnan(dataset.f32()(2, 0)));
  EXPECT_EQ(dataset.f64()(1, 0), 0.2);
  EXPECT_EQ(dataset.codes()(1, 0), 1u);
  EXPECT_EQ(dataset.codes()(2, 0), kMissingCode);
}

TEST(DatasetTest, ColumnsAreFoundByName) {
  const Reading reading = *Read("a,b,c,y\n1,0.5,0.1,x\n2,1.5,0.2,y\n");
  EXPECT_EQ(reading.dataset->FindColumn("a"), 0);
  EXPECT_EQ(reading.dataset->FindColumn("y"), 3);
  EXPECT_EQ(reading.dataset->FindColumn("z"), std::nullopt);
}

TEST(DatasetTest, CellsOfARowLieTogether) {
  const Reading reading = *Read("a,b,c,y\n1,0.5,0.1,x\n2,1.5,0.2,y\n");
  const Dataset& dataset = *reading.dataset;
  EXPECT_EQ(dataset.f64().stride * 8, 24);  // 8 + 4 + 4 + 1, padded to 8
  EXPECT_EQ(dataset.f32().stride * 4, 24);
  EXPECT_EQ(dataset.codes().stride * 4, 24);
  EXPECT_EQ(dataset.u8().stride, 24);
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenFile(const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::Open(path));
  return Dataset::Open(std::move(file));
}

TEST(DatasetTest, ForgottenRowsLeaveMemoryAndAreReadAgainDenseOnesAndSparseOnes) {
  for (const Format format : {Format::kCsv, Format::kLibsvm}) {
    const std::string bytes = BytesOfRows(1'600'000, format);
    const std::filesystem::path path = Written("forgotten.data", bytes);
    const auto dataset = OpenDropped(path);
    dataset->Fetch(0, 1'600'000);
    dataset->Await(0, 1'600'000);
    EXPECT_TRUE(dataset->IsInMemory(0, 1'600'000));
    const int64_t before = ResidentPages(path);
    dataset->Forget(0, 1'600'000);
    if (ResidentPages(path) > before / 2) GTEST_SKIP() << "this file system keeps pages";
    EXPECT_FALSE(dataset->IsInMemory(0, 1'600'000));
    EXPECT_LE(ResidentPages(path), 1024) << "the head and the end, in large pages";
    const auto whole = *Dataset::Open(std::as_bytes(std::span(bytes)), nullptr);
    if (format == Format::kCsv) {
      for (int64_t row = 0; row < 1'600'000; row += 77'777) EXPECT_EQ(dataset->Number(row, 0), whole->Number(row, 0));
    } else {
      EXPECT_TRUE(std::ranges::equal(dataset->sparse(1).indices, whole->sparse(1).indices));
    }
  }
}

TEST(DatasetTest, FileIsMapped) {
  const auto dataset = OpenFile(Written("whole.data", SampleBytes()));
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->row_count(), 3);
  EXPECT_EQ((*dataset)->Number(2, 2), 0.3);
}

TEST(DatasetTest, FetchedRowsThatWereAwaitedAreInMemoryDenseOnesAndSparseOnes) {
  for (const Format format : {Format::kCsv, Format::kLibsvm}) {
    const std::string bytes = BytesOfRows(1'600'000, format);
    const std::filesystem::path path = Written("fetched.data", bytes);
    const auto dataset = OpenDropped(path);
    const int64_t before = ResidentPages(path);
    const int64_t all = static_cast<int64_t>(bytes.size() / 4096);
    if (before > all / 4) GTEST_SKIP() << "this file system keeps pages: " << ResidentPages(path) << " of " << all;
    dataset->Fetch(0, 0);
    dataset->Await(0, 0);
    EXPECT_LE(ResidentPages(path), before + 1);
    dataset->Fetch(0, 1'600'000);
    dataset->Await(0, 1'600'000);
    EXPECT_GE(ResidentPages(path), all - 4);  // the head and the checksum are none of the rows
  }
}

TEST(DatasetTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(OpenFile("/nowhere/at/all").status().code(), absl::StatusCode::kNotFound);
}

TEST(DatasetTest, EmptyFileIsDataLoss) {
  EXPECT_EQ(OpenFile(Written("empty.data", "")).status().code(), absl::StatusCode::kDataLoss);
}

TEST(DatasetTest, ForeignBytesAreDataLoss) {
  EXPECT_EQ(OpenStatus("sepal_length,sepal_width\n5.1,3.5\n"),
            absl::DataLossError("the file is not a data set of Trainyard"));
}

TEST(DatasetTest, AnotherVersionIsDataLoss) {
  std::string bytes = SampleBytes();
  bytes[8] = 3;
  EXPECT_EQ(OpenStatus(bytes), absl::DataLossError("the data set's file has version 3, this program reads 1 to 2"));
}

TEST(DatasetTest, AFileOfTheFirstVersionOpens) {
  constexpr std::string_view kHexadecimal =
      "747261696e797264010000000def244ac000000000000000020000000000000008000000000000000200000001000000"
      "780000010000000000000000000000000000f03f000000000000e03f000000000000e03f000000000000f83f00000000"
      "010000007901010300000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "020000000100000061010000000000000001000000620100000000000000000000000000000000000000000000000000"
      "0000003f010000000000c03f000000009148ec8c";
  std::string bytes = absl::HexStringToBytes(absl::string_view(kHexadecimal.data(), kHexadecimal.size()));
  const auto dataset = Dataset::Open(std::as_bytes(std::span(bytes)), nullptr);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->Number(1, 0), 1.5);
  EXPECT_EQ((*dataset)->schema().columns[1].categories[(*dataset)->Code(0, 1)].value, "b");
}

TEST(DatasetTest, AChangedByteOfTheHeadIsDataLoss) {
  std::string bytes = SampleBytes();
  bytes[40] ^= 1;
  EXPECT_EQ(OpenStatus(bytes), absl::DataLossError("the head of the data set's file is damaged"));
}

TEST(DatasetTest, AChangedCellIsDataLoss) {
  std::string bytes = SampleBytes();
  bytes[bytes.size() - 20] ^= 1;
  EXPECT_EQ(OpenStatus(bytes), absl::DataLossError("the cells of the data set's file do not match their checksum"));
}

TEST(DatasetTest, ShortAndLongFilesAreDataLoss) {
  const std::string bytes = SampleBytes();
  EXPECT_EQ(OpenStatus(bytes.substr(0, bytes.size() - 1)),
            absl::DataLossError("the data set's file is not as long as its head says"));
  EXPECT_EQ(OpenStatus(bytes + "x"), absl::DataLossError("the data set's file is not as long as its head says"));
}

TEST(DatasetTest, BytesMustBeAligned) {
  const std::string bytes = SampleBytes().insert(0, 1, 'x');
  EXPECT_EQ(Dataset::Open(std::as_bytes(std::span(bytes)).subspan(1), nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(DatasetTest, KeepsItsBytesAlive) {
  auto bytes = std::make_shared<std::string>(SampleBytes());
  const std::weak_ptr<std::string> watched = bytes;
  auto dataset = *Dataset::Open(std::as_bytes(std::span(*bytes)), bytes);
  bytes.reset();
  EXPECT_FALSE(watched.expired());
  dataset.reset();
  EXPECT_TRUE(watched.expired());
}

TEST(SchemaTest, FindsColumnsByNameAndRole) {
  const Schema schema{{Numeric("a"), Numeric("b", ColumnRole::kTarget)}};
  EXPECT_EQ(schema.Find("b"), 1);
  EXPECT_EQ(schema.Find("c"), std::nullopt);
  EXPECT_EQ(schema.Find(ColumnRole::kTarget), 1);
  EXPECT_EQ(schema.Find(ColumnRole::kWeight), std::nullopt);
}

TEST(DatasetBuilderTest, CountsAndStatisticsAreComputed) {
  Column stale = Numeric("a");
  stale.numeric.mean = 7;
  stale.missing_count = 3;
  const auto dataset = Rows({stale, Categorical("c", {"x", "y"})}, {{1, 1}, {3, 1}, {kMissing, kMissing}});
  const std::vector<Column>& columns = dataset->schema().columns;
  EXPECT_EQ(columns[0].numeric, (NumericStatistics{2, 1, 1, 3}));
  EXPECT_EQ(columns[0].missing_count, 1);
  EXPECT_THAT(CategoriesOf(columns[1]), ElementsAre("x:0", "y:2"));
}

TEST(DatasetBuilderTest, HoldsWhatWasAdded) {
  Column ignored = Numeric("i");
  ignored.type = ColumnType::kIgnored;
  const auto dataset =
      Rows({Numeric("a"), ignored, Categorical("c", {"x", "y"})}, {{0.1, 5, 1}, {kMissing, 5, kMissing}});
  EXPECT_EQ(dataset->row_count(), 2);
  EXPECT_EQ(dataset->Number(0, 0), 0.1);
  EXPECT_TRUE(std::isnan(dataset->Number(1, 0)));
  EXPECT_EQ(dataset->Code(0, 2), 1u);
  EXPECT_EQ(dataset->Code(1, 2), kMissingCode);
}

TEST(DatasetBuilderTest, MayBeEmpty) { EXPECT_EQ(Rows({Numeric("a")}, {})->row_count(), 0); }

}  // namespace
}  // namespace trainyard
