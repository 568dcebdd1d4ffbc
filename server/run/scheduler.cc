#include "server/run/scheduler.h"

#include <algorithm>
#include <utility>

#include "core/base/flush_denormals.h"

namespace trainyard {

Scheduler::Scheduler(int worker_count, absl::Duration slice_length, Clock clock)
    : slice_length_(slice_length), clock_(std::move(clock)) {
  for (int i = 0; i < worker_count; ++i) workers_.emplace_back([this] { Work(); });
}

Scheduler::~Scheduler() { Stop(); }

void Scheduler::Add(std::shared_ptr<Sliced> work, int priority) {
  absl::MutexLock lock(&mutex_);
  const Sliced* key = work.get();
  Entry& entry = entries_[key];
  entry = {.work = std::move(work), .priority = priority, .order = next_order_++};
  MakeReady(entry);
}

// What changes an entry's rank.
template <typename Change>
void Scheduler::Rerank(const Sliced* work, Change change) {
  const auto found = entries_.find(work);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  const bool ready = ready_.erase(RankOf(entry)) > 0;
  change(entry);
  if (ready) ready_.insert(RankOf(entry));
}

void Scheduler::SetPriority(const Sliced* work, int priority) {
  absl::MutexLock lock(&mutex_);
  Rerank(work, [priority](Entry& entry) { entry.priority = priority; });
}

void Scheduler::Wake(const Sliced* work) {
  absl::MutexLock lock(&mutex_);
  const auto found = entries_.find(work);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.running) entry.woken = true;
  if (entry.waiting) MakeReady(entry);
}

void Scheduler::Hasten(const Sliced* work) {
  {
    absl::MutexLock lock(&mutex_);
    Rerank(work, [](Entry& entry) { entry.hastened = true; });
  }
  Wake(work);
}

void Scheduler::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& worker : workers_) {
    if (worker.joinable()) worker.join();
  }
}

void Scheduler::MakeReady(Entry& entry) {
  entry.waiting = false;
  entry.used = std::max(entry.used, least_used_);
  Enqueue(entry);
}

void Scheduler::Enqueue(const Entry& entry) {
  ready_.insert(RankOf(entry));
  CountReady();
}

void Scheduler::CountReady() { ready_count_.store(static_cast<int>(ready_.size()), std::memory_order_relaxed); }

void Scheduler::CallHelp(const std::shared_ptr<Crew>& crew) {
  if (idle_.load(std::memory_order_relaxed) == 0) return;
  absl::MutexLock lock(&mutex_);
  calling_ = crew;
}

void Scheduler::Help(std::shared_ptr<Crew> crew) {
  mutex_.Unlock();
  crew->Help([this] { return Contended() || stopping_.load(std::memory_order_relaxed); });
  crew.reset();
  mutex_.Lock();
}

// Until something is ready, helping others meanwhile. False: stopped.
bool Scheduler::AwaitWork() {
  const auto has_reason = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !ready_.empty() || calling_ != nullptr;
  };
  while (!stopping_ && ready_.empty()) {
    ++idle_;
    mutex_.Await(absl::Condition(&has_reason));
    --idle_;
    if (ready_.empty() && calling_ != nullptr) Help(std::exchange(calling_, nullptr));
  }
  return !stopping_;
}

void Scheduler::Work() {
  const FlushDenormals flush;
  absl::MutexLock lock(&mutex_);
  while (AwaitWork()) {
    const Sliced* key = std::get<const Sliced*>(*ready_.begin());
    ready_.erase(ready_.begin());
    CountReady();
    Entry& entry = entries_[key];
    entry.running = true;
    entry.woken = false;
    entry.hastened = false;
    least_used_ = std::max(least_used_, entry.used);
    std::shared_ptr<Sliced> work = entry.work;

    mutex_.Unlock();
    const absl::Time begin = clock_();
    const Sliced::Then then = work->RunSlice(slice_length_);
    const absl::Duration used = clock_() - begin;
    mutex_.Lock();

    entry.running = false;
    entry.had_slice = true;
    entry.used += used;
    if (then == Sliced::Then::kDone) {
      entries_.erase(key);
    } else if (then == Sliced::Then::kReady || entry.woken) {
      // Not counted before this worker has had its choice, lest a helper should take it for work that waits.
      ready_.insert(RankOf(entry));
    } else {
      entry.waiting = true;
    }
    if (work.use_count() == 1) {
      mutex_.Unlock();
      work.reset();
      mutex_.Lock();
    }
  }
}

}  // namespace trainyard
