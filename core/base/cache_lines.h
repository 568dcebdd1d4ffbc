// Memory that begins at a cache line, and in large pages where it is large: a step goes through all parameters, and with pages of 4 KB it
// waits for the processor to look up where they are.

#ifndef TRAINYARD_CORE_BASE_CACHE_LINES_H_
#define TRAINYARD_CORE_BASE_CACHE_LINES_H_

#include <cstddef>
#include <cstdint>

namespace trainyard {

inline constexpr size_t kCacheLine = 64;

// From this size on, bytes have pages of their own, which go back to the system as soon as they are freed.
inline constexpr size_t kLargePage = size_t{1} << 21;

// To be freed by FreeCacheLines. Throws std::bad_alloc.
void* AllocateCacheLines(size_t bytes);
void FreeCacheLines(void* begin);

// Bytes that have pages of their own now, which malloc's statistics do not know of.
int64_t LargePageBytes();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_CACHE_LINES_H_
