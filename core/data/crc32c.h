#ifndef TRAINYARD_CORE_DATA_CRC32C_H_
#define TRAINYARD_CORE_DATA_CRC32C_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace trainyard {

// CRC-32C (Castagnoli) of `bytes`; `crc` is that of the bytes before them.
uint32_t Crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_CRC32C_H_
