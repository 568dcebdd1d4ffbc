// Content and files with any damage give an error or a data set, never a crash.

#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/core/data/numpy_files.h"
#include "tests/core/data/reading.h"

namespace trainyard {
namespace {

constexpr uint64_t kFlips = 20'000;

// Reads all prefixes of `content`, and copies of it with up to three bytes changed.
template <typename Attempt>
void ReadDamaged(const std::string& content, Attempt attempt) {
  for (size_t size = 0; size <= content.size(); ++size) attempt(content.substr(0, size));
  const RandomStream random(1, RandomPurpose::kSplit, 0);
  for (uint64_t i = 0; i < kFlips; ++i) {
    std::string damaged = content;
    for (uint64_t j = 0; j < 1 + i % 3; ++j) {
      const uint64_t bits = random.Bits(4 * i + j);
      damaged[bits % content.size()] = static_cast<char>(bits >> 32);
    }
    attempt(damaged);
  }
}

// Either the fault of an argument, or a data set whose every cell can be read.
void ExpectFaultOrDataset(const std::string& content, const ReadOptions& options) {
  const absl::StatusOr<Reading> reading = Read(content, options);
  if (!reading.ok()) {
    ASSERT_EQ(reading.status().code(), absl::StatusCode::kInvalidArgument) << reading.status();
    return;
  }
  for (int64_t row = 0; row < reading->dataset->row_count(); ++row) {
    for (int i = 0; i < static_cast<int>(reading->result.schema.columns.size()); ++i) {
      const Column& column = reading->result.schema.columns[i];
      if (column.type != ColumnType::kCategorical) continue;
      const uint32_t code = reading->dataset->Code(row, i);
      ASSERT_TRUE(code == kMissingCode || code < column.categories.size());
    }
  }
}

TEST(DamagedContentTest, Csv) {
  const std::string content = "a,b,\"c \"\"d\"\"\",y\r\n1,\"x\ny\",é,0\n2.5,,\"z\"\"\",1\r\n-3e2,NA,?,0\n";
  ReadDamaged(content, [](const std::string& damaged) { ExpectFaultOrDataset(damaged, {}); });
}

TEST(DamagedContentTest, Idx) {
  const std::string content(
      "\0\0\x0D\x03\0\0\0\2\0\0\0\1\0\0\0\2\0\0\0\0\x3F\x80\0\0\0\0\0\0\x40\0\0\0\0\0\x08\x01\0\0\0\2\1\0", 42);
  ExpectFaultOrDataset(content, {.format = Format::kIdx});
  ASSERT_TRUE(Read(content, {.format = Format::kIdx}).ok());
  ReadDamaged(content, [](const std::string& damaged) { ExpectFaultOrDataset(damaged, {.format = Format::kIdx}); });
}

TEST(DamagedContentTest, Npy) {
  const std::string content = Npy("<f4", "(2, 2)", Elements<float>({0, 1, 2, 3}));
  ASSERT_TRUE(Read(content, {.format = Format::kNpy}).ok());
  ReadDamaged(content, [](const std::string& damaged) { ExpectFaultOrDataset(damaged, {.format = Format::kNpy}); });
}

TEST(DamagedContentTest, Npz) {
  Member y = Stored("y.npy", Npy("|u1", "(2,)", "ab"));
  y.zip64 = true;
  const std::string content = Archive({Deflated("x.npy", Npy("<f4", "(2, 2)", Elements<float>({0, 1, 2, 3}))), y});
  ASSERT_TRUE(Read(content, {.format = Format::kNpz}).ok());
  ReadDamaged(content, [](const std::string& damaged) { ExpectFaultOrDataset(damaged, {.format = Format::kNpz}); });
}

TEST(DamagedContentTest, Libsvm) {
  const std::string content = "+1 1:0.5 30:2e1 # a\r\n\n-1 2:1\n3 \t7:-4\n";
  ASSERT_TRUE(Read(content, {.format = Format::kLibsvm}).ok());
  ReadDamaged(content, [](const std::string& damaged) { ExpectFaultOrDataset(damaged, {.format = Format::kLibsvm}); });
}

TEST(DamagedContentTest, SparseDatasetFile) {
  StringSink sink;
  ASSERT_TRUE(ReadDataset("1 1:0.5 3:2\n0 2:1\n", {.format = Format::kLibsvm}, {}, sink).ok());
  const std::string& bytes = sink.bytes();
  ReadDamaged(bytes, [&bytes](const std::string& damaged) {
    const absl::Status status = Dataset::Open(std::as_bytes(std::span(damaged)), nullptr).status();
    ASSERT_EQ(status.code(), damaged == bytes ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
  });
}

TEST(DamagedContentTest, DatasetFile) {
  StringSink sink;
  ASSERT_TRUE(ReadDataset("a,b,y\n1,x,0\n2.5,,1\n", {}, {}, sink).ok());
  const std::string& bytes = sink.bytes();
  ReadDamaged(bytes, [&bytes](const std::string& damaged) {
    const absl::Status status = Dataset::Open(std::as_bytes(std::span(damaged)), nullptr).status();
    ASSERT_EQ(status.code(), damaged == bytes ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss);
  });
}

}  // namespace
}  // namespace trainyard
