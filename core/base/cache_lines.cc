#include "core/base/cache_lines.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace trainyard {
namespace {

// In front of the bytes.
struct Origin {
  void* memory;
  size_t mapped;  // 0: it is of malloc
};
static_assert(sizeof(Origin) <= kCacheLine);

std::atomic<int64_t> mapped_bytes = 0;

uintptr_t RoundUp(uintptr_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

void* BeginAt(uintptr_t begin, const Origin& origin) {
  reinterpret_cast<Origin*>(begin)[-1] = origin;
  return reinterpret_cast<void*>(begin);
}

// Arrays that are read side by side begin at different lines of their pages: lines at the same place share a set of the cache.
size_t NextColour() {
  constexpr size_t kColours = 8;
  constexpr size_t kLinesApart = 5;
  static std::atomic<size_t> next = 0;
  return (next.fetch_add(1, std::memory_order_relaxed) % kColours) * kLinesApart * kCacheLine;
}

// Not memory of malloc, which gives it to others in pieces and keeps it: a page that one of them uses would be resident as a whole.
void* Map(size_t bytes) {
  const size_t colour = NextColour();
  const size_t size = RoundUp(kCacheLine + colour + bytes, size_t{4096});
  void* const memory = mmap(nullptr, size + kLargePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  const uintptr_t begin = reinterpret_cast<uintptr_t>(memory);
  const uintptr_t aligned = RoundUp(begin, kLargePage);
  const uintptr_t end = begin + size + kLargePage;
  if (aligned > begin) munmap(memory, aligned - begin);
  if (end > aligned + size) munmap(reinterpret_cast<void*>(aligned + size), end - aligned - size);
  // A system without large pages has small ones.
  (void)madvise(reinterpret_cast<void*>(aligned), size, MADV_HUGEPAGE);
  mapped_bytes.fetch_add(static_cast<int64_t>(size), std::memory_order_relaxed);
  return BeginAt(aligned + kCacheLine + colour, {reinterpret_cast<void*>(aligned), size});
}

// glibc before 2.38 does not use the pieces of aligned allocations that were freed again, and a program that makes some for each job grows
// without end (its bug 14581): so they are taken unaligned.
void* Take(size_t bytes) {
  void* const memory = std::malloc(bytes + kCacheLine + sizeof(Origin));
  if (memory == nullptr) throw std::bad_alloc();
  return BeginAt(RoundUp(reinterpret_cast<uintptr_t>(memory) + sizeof(Origin), kCacheLine), {memory, 0});
}

}  // namespace

void* AllocateCacheLines(size_t bytes) { return bytes < kLargePage ? Take(bytes) : Map(bytes); }

void FreeCacheLines(void* begin) {
  if (begin == nullptr) return;
  const Origin origin = static_cast<Origin*>(begin)[-1];
  if (origin.mapped > 0) {
    munmap(origin.memory, origin.mapped);
    mapped_bytes.fetch_sub(static_cast<int64_t>(origin.mapped), std::memory_order_relaxed);
  } else {
    std::free(origin.memory);
  }
}

int64_t LargePageBytes() { return mapped_bytes.load(std::memory_order_relaxed); }

}  // namespace trainyard
