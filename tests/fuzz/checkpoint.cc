// Checkpoints. Digests are put right, so that what lies before them is reached.

#include "core/train/checkpoint.h"

#include "core/base/sha256.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace trainyard;
  constexpr size_t kDigestSize = 64;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<Checkpoint> as_it_is = DecodeCheckpoint(bytes);
  if (!as_it_is.ok()) fuzz::ExpectCode(as_it_is.status(), absl::StatusCode::kDataLoss);
  if (size < kDigestSize) return 0;
  bytes.resize(size - kDigestSize);
  bytes += Sha256Of(bytes);
  const absl::StatusOr<Checkpoint> checkpoint = DecodeCheckpoint(bytes);
  if (!checkpoint.ok()) {
    fuzz::ExpectCode(checkpoint.status(), absl::StatusCode::kDataLoss);
    return 0;
  }
  const std::string encoded = EncodeCheckpoint(*checkpoint);
  const absl::StatusOr<Checkpoint> again = DecodeCheckpoint(encoded);
  fuzz::Expect(again.ok() && EncodeCheckpoint(*again) == encoded, "a checkpoint that is written reads back");
  return 0;
}
