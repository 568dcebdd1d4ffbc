#include "server/web/process_numbers.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/base/cache_lines.h"

namespace trainyard {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

ProcessNumbers ReadProcessNumbers() {
  ProcessNumbers numbers;
  rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) == 0) numbers.cpu_seconds = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident_pages = 0;
  if (statm >> pages >> resident_pages) numbers.resident_bytes = resident_pages * sysconf(_SC_PAGE_SIZE);
  const struct mallinfo2 heap = mallinfo2();
  numbers.allocated_bytes = static_cast<int64_t>(heap.uordblks + heap.hblkhd) + LargePageBytes();
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) numbers.open_descriptors = std::distance(begin(descriptors), end(descriptors));
  return numbers;
}

}  // namespace trainyard
