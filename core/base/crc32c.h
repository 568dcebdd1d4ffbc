// CRC-32C (Castagnoli): the checksum of chunks and of stored cells.

#ifndef TRAINYARD_CORE_BASE_CRC32C_H_
#define TRAINYARD_CORE_BASE_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace trainyard {

// Of `bytes`; `crc` is that of the bytes before them.
uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);

inline uint32_t Crc32c(std::string_view bytes) { return Crc32c(std::as_bytes(std::span(bytes))); }

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_CRC32C_H_
