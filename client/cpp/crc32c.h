// CRC-32C (Castagnoli), as RFC 3720 has it: the checksum of every chunk that goes over the wire. "123456789" has
// 0xe3069283.

#ifndef TRAINYARD_CLIENT_CPP_CRC32C_H_
#define TRAINYARD_CLIENT_CPP_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace trainyard::client {

// Of any number of bytes. `previous` is the checksum of the bytes before these, 0 where there are none.
uint32_t Crc32c(std::string_view data, uint32_t previous = 0);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_CRC32C_H_
