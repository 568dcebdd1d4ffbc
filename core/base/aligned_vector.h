// A vector whose elements begin at a cache line. Vectorised sums may take the elements before the first aligned one apart, so their bits
// depend on where an array begins: with this they do not.

#ifndef TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_
#define TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_

#include <cstddef>
#include <new>
#include <vector>

namespace trainyard {

template <typename T>
class CacheLineAllocator {
 public:
  using value_type = T;

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT: as the standard asks of allocators

  T* allocate(size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), kAlignment)); }
  void deallocate(T* data, size_t) { ::operator delete(data, kAlignment); }

  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }

 private:
  static constexpr std::align_val_t kAlignment{64};
};

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_ALIGNED_VECTOR_H_
