// What the event log gives to its readers.

#ifndef TRAINYARD_SERVER_STORE_LOG_ENTRY_H_
#define TRAINYARD_SERVER_STORE_LOG_ENTRY_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace trainyard {

// A job's key in the database: positive, rising with creation.
using JobKey = int64_t;

// What one answer holds at most of messages, in bytes, unless it holds one alone that is larger: less than the 4 MiB that a gRPC client
// takes if it is not told otherwise.
inline constexpr int64_t kMostPageBytes = int64_t{2} << 20;

struct LogEntry {
  int64_t sequence = 0;

  // A serialised v1.Event, shared by all that send it.
  std::shared_ptr<const std::string> event;
};

// The numbers that a job's log keeps.
struct LogRange {
  int64_t oldest = 1;
  int64_t newest = 0;  // 0: none yet

  // The newest is a terminal state: nothing will follow it.
  bool ended = false;
};

struct LogPage {
  std::vector<LogEntry> entries;

  // As LogRange, when the page was read.
  int64_t oldest = 1;
  int64_t newest = 0;
  bool ended = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_LOG_ENTRY_H_
