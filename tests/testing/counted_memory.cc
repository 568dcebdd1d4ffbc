#include "tests/testing/counted_memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TRAINYARD_MALLOC_IS_TAKEN 1
#else
#define TRAINYARD_MALLOC_IS_TAKEN 0
#endif

namespace {

struct Count {
  bool on = false;
  int64_t allocations = 0;
  int64_t bytes = 0;
  int64_t peak_bytes = 0;
};
thread_local Count count;

void TookBytes(size_t bytes) {
  ++count.allocations;
  count.bytes += static_cast<int64_t>(bytes);
  count.peak_bytes = std::max(count.peak_bytes, count.bytes);
}

[[maybe_unused]] void* Took(void* memory) {
  if (count.on && memory != nullptr) TookBytes(malloc_usable_size(memory));
  return memory;
}

[[maybe_unused]] void Gives(void* memory) {
  if (count.on && memory != nullptr) count.bytes -= static_cast<int64_t>(malloc_usable_size(memory));
}

}  // namespace

#if !TRAINYARD_MALLOC_IS_TAKEN
// The C library's own, under its other names.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
void __libc_free(void*);

void* malloc(size_t size) { return Took(__libc_malloc(size)); }
void* calloc(size_t number, size_t size) { return Took(__libc_calloc(number, size)); }
void* realloc(void* memory, size_t size) {
  Gives(memory);
  return Took(__libc_realloc(memory, size));
}
void* memalign(size_t alignment, size_t size) { return Took(__libc_memalign(alignment, size)); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  Gives(memory);
  __libc_free(memory);
}

void* mmap(void* at, size_t size, int protection, int flags, int file, off_t offset) noexcept {
  const int64_t memory = syscall(SYS_mmap, at, size, protection, flags, file, offset);
  if (count.on && memory != -1 && (flags & MAP_ANONYMOUS) != 0) TookBytes(size);
  return reinterpret_cast<void*>(memory);
}
int munmap(void* memory, size_t size) noexcept {
  if (count.on) count.bytes -= static_cast<int64_t>(size);
  return static_cast<int>(syscall(SYS_munmap, memory, size));
}
}
#endif

namespace trainyard {

const bool kMemoryIsCounted = !TRAINYARD_MALLOC_IS_TAKEN;

CountedMemory::CountedMemory() { count = {.on = true}; }
CountedMemory::~CountedMemory() { count.on = false; }

int64_t CountedMemory::allocations() const { return count.allocations; }
int64_t CountedMemory::bytes() const { return count.bytes; }
int64_t CountedMemory::peak_bytes() const { return count.peak_bytes; }

}  // namespace trainyard
