#include "server/run/deadlines.h"

#include "absl/time/clock.h"

namespace trainyard {

Deadlines::Deadlines(std::function<void(const std::string& name)> tell)
    : tell_(std::move(tell)), thread_([this] { Wait(); }) {}

Deadlines::~Deadlines() { Stop(); }

void Deadlines::Set(const std::string& name, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  const auto [found, is_new] = times_.try_emplace(name, time);
  if (!is_new) order_.erase({std::exchange(found->second, time), name});
  order_.insert({time, name});
  changed_ = true;
}

void Deadlines::Clear(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  const auto found = times_.find(name);
  if (found == times_.end()) return;
  order_.erase({found->second, name});
  times_.erase(found);
}

void Deadlines::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Deadlines::Wait() {
  absl::MutexLock lock(&mutex_);
  const auto has_news = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || changed_; };
  while (!stopping_) {
    changed_ = false;
    const absl::Time next = order_.empty() ? absl::InfiniteFuture() : order_.begin()->first;
    if (next > absl::Now()) {
      mutex_.AwaitWithDeadline(absl::Condition(&has_news), next);
      continue;
    }
    const std::string name = order_.begin()->second;
    order_.erase(order_.begin());
    times_.erase(name);
    mutex_.Unlock();
    tell_(name);
    mutex_.Lock();
  }
}

}  // namespace trainyard
