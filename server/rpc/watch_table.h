// All Watch streams: their number, their heartbeats, and their end when the server drains.

#ifndef TRAINYARD_SERVER_RPC_WATCH_TABLE_H_
#define TRAINYARD_SERVER_RPC_WATCH_TABLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/base/counters.h"
#include "server/run/caller.h"

namespace trainyard {

// What the table does with a stream.
class WatchedStream {
 public:
  virtual ~WatchedStream() = default;

  // Comes about each second. Must be quick and not block.
  virtual void Tick(absl::Time now) = 0;

  // Events that its jobs have and that it was not given yet. Must be quick and not block.
  virtual int64_t Lag() const = 0;

  // Ends the stream: UNAVAILABLE, with the numbers to resume from.
  virtual void Drain() = 0;
};

// What all streams together were given.
struct WatchCounters {
  Counter events;
  Counter bytes;
};

// Thread-safe.
class WatchTable {
 public:
  explicit WatchTable(int limit);
  ~WatchTable();

  // RESOURCE_EXHAUSTED: the limit is reached (TOO_MANY_WATCHERS), or the caller's quota (QUOTA_EXCEEDED). UNAVAILABLE (DRAINING): the
  // server drains.
  absl::Status Add(std::shared_ptr<WatchedStream> stream, const Caller& caller);
  void Remove(const std::shared_ptr<WatchedStream>& stream);

  int size() const;
  int limit() const { return limit_; }
  bool draining() const;
  WatchCounters& counters() { return counters_; }
  const WatchCounters& counters() const { return counters_; }

  // In events: of all streams together, and of the one that lags most.
  struct Lag {
    int64_t total = 0;
    int64_t most = 0;
  };
  Lag MeasureLag() const;

  // Ends all streams, and refuses others from now on.
  void Drain();

 private:
  void Tick();
  std::vector<std::shared_ptr<WatchedStream>> Streams() const;

  const int limit_;
  WatchCounters counters_;
  mutable absl::Mutex mutex_;
  std::map<std::shared_ptr<WatchedStream>, std::string> streams_ ABSL_GUARDED_BY(mutex_);  // and their callers
  std::map<std::string, int64_t> watchers_of_ ABSL_GUARDED_BY(mutex_);                     // by caller
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread ticker_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_WATCH_TABLE_H_
