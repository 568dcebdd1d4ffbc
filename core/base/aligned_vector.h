// A vector whose elements begin at a cache line. Vectorised sums may take the elements before the first aligned one apart, so their bits
// depend on where an array begins: with this they do not.

#ifndef TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_
#define TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace trainyard {

inline constexpr size_t kCacheLine = 64;

// Bytes that begin at a cache line; to be freed by FreeCacheLines. They come from malloc, which says in front of them where they really begin:
// glibc before 2.38 does not use the pieces of aligned allocations that were freed again, and a program that makes some for each job grows
// without end (its bug 14581).
inline void* AllocateCacheLines(size_t bytes) {
  void* const memory = std::malloc(bytes + kCacheLine + sizeof(void*));
  if (memory == nullptr) throw std::bad_alloc();
  const uintptr_t least = reinterpret_cast<uintptr_t>(memory) + sizeof(void*);
  void* const begin = reinterpret_cast<void*>((least + kCacheLine - 1) / kCacheLine * kCacheLine);
  static_cast<void**>(begin)[-1] = memory;
  return begin;
}

inline void FreeCacheLines(void* begin) {
  if (begin != nullptr) std::free(static_cast<void**>(begin)[-1]);
}

// Asks for pages of 2 MiB, where the system has such, in place of 4 KiB for an array that is read here and there: what a page fault then
// takes is a large one.
inline void AskForHugePages(void* begin, size_t bytes) {
  constexpr uintptr_t kPage = 4096;
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + kPage - 1) / kPage * kPage;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(begin) + bytes) / kPage * kPage;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

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
