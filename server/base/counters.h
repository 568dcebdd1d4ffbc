// Numbers that the parts of the server count about themselves. Counting is one or two relaxed additions; any thread may read at any time.

#ifndef TRAINYARD_SERVER_BASE_COUNTERS_H_
#define TRAINYARD_SERVER_BASE_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace trainyard {

class Counter {
 public:
  void Add(int64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_ = 0;
};

// How long something took, each time.
class DurationHistogram {
 public:
  // In seconds; what takes longer than the last is in a bucket of its own.
  static constexpr std::array<double, 14> kUpperBounds = {1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1,
                                                          0.3,  1,    3,    10,   30,   100,  1000};

  void Observe(absl::Duration took);

  // A bucket with its upper bound holds what took at most that long, and longer than the bound before.
  struct Reading {
    std::array<int64_t, kUpperBounds.size() + 1> counts;
    double sum_seconds;
  };
  Reading Read() const;

 private:
  std::array<Counter, kUpperBounds.size() + 1> counts_;
  Counter nanoseconds_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_BASE_COUNTERS_H_
