// A vector whose elements begin at a cache line. Vectorised sums may take the elements before the first aligned one apart, so their bits
// depend on where an array begins: with this they do not.

#ifndef TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_
#define TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_

#include <cstddef>
#include <vector>

#include "core/base/cache_lines.h"

namespace trainyard {

template <typename T>
class CacheLineAllocator {
 public:
  using value_type = T;

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT: as the standard asks of allocators

  T* allocate(size_t count) { return static_cast<T*>(AllocateCacheLines(count * sizeof(T))); }
  void deallocate(T* data, size_t) { FreeCacheLines(data); }

  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_
