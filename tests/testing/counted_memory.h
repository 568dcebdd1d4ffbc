// Memory that this thread takes, counted: each call of malloc, mmap and their like, and the bytes that are held at a time.

#ifndef TRAINYARD_TESTS_TESTING_COUNTED_MEMORY_H_
#define TRAINYARD_TESTS_TESTING_COUNTED_MEMORY_H_

#include <cstdint>

namespace trainyard {

// False: a sanitizer has its own malloc, and nothing is counted.
extern const bool kMemoryIsCounted;

// From its making to its end, on the thread that made it; one at a time.
class CountedMemory {
 public:
  CountedMemory();
  ~CountedMemory();

  int64_t allocations() const;

  // Held now, and at most: what was taken less what was freed since the counting began. Rounded up as malloc does.
  int64_t bytes() const;
  int64_t peak_bytes() const;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_COUNTED_MEMORY_H_
