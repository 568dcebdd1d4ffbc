#include "core/base/crc32c.h"

#include <nmmintrin.h>

#include <cstring>

namespace trainyard {

uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc) {
  uint64_t state = ~crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    state = _mm_crc32_u64(state, word);
  }
  uint32_t tail = static_cast<uint32_t>(state);
  for (; i < bytes.size(); ++i) tail = _mm_crc32_u8(tail, static_cast<uint8_t>(bytes[i]));
  return ~tail;
}

}  // namespace trainyard
