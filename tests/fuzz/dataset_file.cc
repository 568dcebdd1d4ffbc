// The files of data sets. Checksums are put right, so that what lies behind them is reached.

#include <cstring>
#include <vector>

#include "core/base/crc32c.h"
#include "core/data/dataset_format.h"
#include "tests/fuzz/content.h"

namespace trainyard::fuzz {
namespace {

constexpr size_t kVersionAt = 8;
constexpr size_t kChecksumAt = 12;
constexpr size_t kHeadSizeAt = 16;

// As dataset_format.h describes it.
void PutChecksumRight(std::span<std::byte> bytes) {
  uint64_t head_size = 0;
  uint32_t version = 0;
  if (bytes.size() < kHeadSizeAt + sizeof(head_size)) return;
  std::memcpy(&head_size, &bytes[kHeadSizeAt], sizeof(head_size));
  std::memcpy(&version, &bytes[kVersionAt], sizeof(version));
  if (head_size > bytes.size() || head_size < kHeadSizeAt) return;
  const uint32_t crc = Crc32c(bytes.subspan(kHeadSizeAt, head_size - kHeadSizeAt), version == 1 ? 0 : version);
  std::memcpy(&bytes[kChecksumAt], &crc, sizeof(crc));
}

}  // namespace
}  // namespace trainyard::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  std::vector<uint64_t> aligned((size + 7) / 8);
  if (size > 0) std::memcpy(aligned.data(), data, size);
  const std::span<std::byte> bytes = std::as_writable_bytes(std::span(aligned)).first(size);
  const auto whole = Dataset::Open(bytes, nullptr);
  if (whole.ok()) fuzz::ReadAllCells(**whole);
  if (!whole.ok()) fuzz::ExpectCode(whole.status(), absl::StatusCode::kDataLoss);

  fuzz::PutChecksumRight(bytes);
  size_t head_size = 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), size);
  const absl::StatusOr<DatasetHead> head = DecodeHead(text, &head_size);
  if (!head.ok()) fuzz::ExpectCode(head.status(), absl::StatusCode::kDataLoss);
  if (!head.ok()) return 0;
  const std::string encoded = EncodeHead(*head);
  const absl::StatusOr<DatasetHead> again = DecodeHead(encoded, &head_size);
  fuzz::Expect(again.ok() && EncodeHead(*again) == encoded, "a head that is written reads back");
  const auto dataset = Dataset::OpenWritten(bytes, nullptr);
  if (!dataset.ok()) fuzz::ExpectCode(dataset.status(), absl::StatusCode::kDataLoss);
  return 0;
}
