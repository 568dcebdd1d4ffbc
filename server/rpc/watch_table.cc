#include "server/rpc/watch_table.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "server/run/names.h"

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

absl::Status WatchTable::Add(std::shared_ptr<WatchedStream> stream, const Caller& caller) {
  constexpr std::string_view kAdvice = "watch several jobs on one stream, or wait";
  absl::MutexLock lock(&mutex_);
  if (draining_) return Draining();
  if (static_cast<int>(streams_.size()) >= limit_) {
    return WithReason(
        absl::ResourceExhaustedError(absl::StrCat("there are ", limit_, " watchers already; ", AbslView(kAdvice))),
        "TOO_MANY_WATCHERS");
  }
  const auto found = watchers_of_.find(caller.name);
  const int64_t used = found == watchers_of_.end() ? 0 : found->second;
  RETURN_IF_ERROR(CheckQuota(caller, "watchers", caller.quotas.watchers, used, 1, "watchers", kAdvice));
  streams_.emplace(std::move(stream), caller.name);
  ++watchers_of_[caller.name];
  return absl::OkStatus();
}

void WatchTable::Remove(const std::shared_ptr<WatchedStream>& stream) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  if (--watchers_of_[found->second] == 0) watchers_of_.erase(found->second);
  streams_.erase(found);
}

int WatchTable::size() const {
  absl::MutexLock lock(&mutex_);
  return static_cast<int>(streams_.size());
}

bool WatchTable::draining() const {
  absl::MutexLock lock(&mutex_);
  return draining_;
}

std::vector<std::shared_ptr<WatchedStream>> WatchTable::Streams() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<WatchedStream>> streams;
  streams.reserve(streams_.size());
  for (const auto& [stream, caller] : streams_) streams.push_back(stream);
  return streams;
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
