// What the system knows of this process.

#ifndef TRAINYARD_SERVER_WEB_PROCESS_NUMBERS_H_
#define TRAINYARD_SERVER_WEB_PROCESS_NUMBERS_H_

#include <cstdint>

namespace trainyard {

struct ProcessNumbers {
  double cpu_seconds = 0;  // of all threads
  int64_t resident_bytes = 0;
  int64_t allocated_bytes =
      0;  // in use: from malloc, or on pages of their own; the resident ones hold what malloc keeps as well
  int64_t open_descriptors = 0;
};

ProcessNumbers ReadProcessNumbers();

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_WEB_PROCESS_NUMBERS_H_
