// What every fuzzer uses. A fuzzer is a file with LLVMFuzzerTestOneInput, which is given bytes that nobody chose: it ends the process where
// a claim does not hold, and so do the sanitizers.

#ifndef TRAINYARD_TESTS_FUZZ_FUZZING_H_
#define TRAINYARD_TESTS_FUZZ_FUZZING_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/status.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace trainyard::fuzz {

// Ends the process, telling `claim` and `detail`, unless it holds.
inline void Expect(bool holds, std::string_view claim, std::string_view detail = "") {
  if (holds) return;
  std::fprintf(stderr, "NOT TRUE: %.*s\n%.*s\n", static_cast<int>(claim.size()), claim.data(),
               static_cast<int>(detail.size()), detail.data());
  std::abort();
}

inline void ExpectCode(const absl::Status& status, absl::StatusCode code) {
  Expect(status.code() == code, "errors have the code of the contract", std::string(status.ToString()));
}

// Takes what a fuzzer decides off the front of its input; zeros once there is no more.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  uint8_t Byte() { return rest_.empty() ? 0 : static_cast<uint8_t>(Take(1)[0]); }

  // Below `count`.
  int Choice(int count) { return Byte() % count; }

  uint64_t Number() {
    uint64_t number = 0;
    for (int i = 0; i < 8; ++i) number = number << 8 | Byte();
    return number;
  }

  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }

 private:
  std::string_view rest_;
};

}  // namespace trainyard::fuzz

#endif  // TRAINYARD_TESTS_FUZZ_FUZZING_H_
