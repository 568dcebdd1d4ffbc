#include "client/cpp/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace trainyard::client {

uint32_t Crc32c(std::string_view data, uint32_t previous) {
  // ISA-L neither inverts the initial value nor the result, and takes the length as an int.
  constexpr size_t kLargestPiece = size_t{1} << 30;
  uint32_t state = ~previous;
  while (!data.empty()) {
    const std::string_view piece = data.substr(0, kLargestPiece);
    auto* bytes = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    state = crc32_iscsi(bytes, static_cast<int>(piece.size()), state);
    data.remove_prefix(piece.size());
  }
  return ~state;
}

}  // namespace trainyard::client
