#include "core/base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace trainyard {

uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc) {
  // ISA-L neither inverts the initial value nor the result, and takes the length as an int.
  constexpr size_t kLargestPiece = size_t{1} << 30;
  uint32_t state = ~crc;
  while (!bytes.empty()) {
    const std::span<const std::byte> piece = bytes.first(std::min(bytes.size(), kLargestPiece));
    auto* const begin = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    state = crc32_iscsi(begin, static_cast<int>(piece.size()), state);
    bytes = bytes.subspan(piece.size());
  }
  return ~state;
}

}  // namespace trainyard
