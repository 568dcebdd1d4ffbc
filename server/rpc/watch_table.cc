#include "server/rpc/watch_table.h"

#include <algorithm>

#include "absl/time/clock.h"

namespace trainyard {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);

}  // namespace

WatchTable::WatchTable(int limit) : limit_(limit), ticker_([this] { Tick(); }) {}

WatchTable::~WatchTable() {
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  ticker_.join();
}

bool WatchTable::Add(std::shared_ptr<WatchedStream> stream) {
  absl::MutexLock lock(&mutex_);
  if (draining_ || static_cast<int>(streams_.size()) >= limit_) return false;
  streams_.insert(std::move(stream));
  return true;
}

void WatchTable::Remove(const std::shared_ptr<WatchedStream>& stream) {
  absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

int WatchTable::size() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(streams_.size());
}

bool WatchTable::draining() const {
  absl::MutexLock lock(&mutex_);
  return draining_;
}

std::set<std::shared_ptr<WatchedStream>> WatchTable::Streams() const {
  absl::MutexLock lock(&mutex_);
  return streams_;
}

WatchTable::Lag WatchTable::MeasureLag() const {
  Lag lag;
  for (const std::shared_ptr<WatchedStream>& stream : Streams()) {
    const int64_t events = stream->Lag();
    lag.total += events;
    lag.most = std::max(lag.most, events);
  }
  return lag;
}

void WatchTable::Drain() {
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
  }
  for (const std::shared_ptr<WatchedStream>& stream : Streams()) stream->Drain();
}

void WatchTable::Tick() {
  const auto closed = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return closed_; };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&closed), kTick)) return;
    }
    for (const std::shared_ptr<WatchedStream>& stream : Streams()) stream->Tick(absl::Now());
  }
}

}  // namespace trainyard
