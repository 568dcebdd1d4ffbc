// The pool of workers that trains all jobs, in slices.
//
// Of what is ready, a worker takes what is hastened; else the highest priority; among equals what never had a slice, oldest first; else what
// has used the least time. One that comes back after a wait counts as if it had used as much as the least of the others, so it gets its
// share from now on and nothing for the past.

#ifndef TRAINYARD_SERVER_RUN_SCHEDULER_H_
#define TRAINYARD_SERVER_RUN_SCHEDULER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/crew.h"

namespace trainyard {

// Something that is worked on in slices, by one worker at a time.
class Sliced {
 public:
  enum class Then {
    kReady,  // wants another slice
    kWait,   // wants none until Scheduler::Wake
    kDone,   // wants none any more
  };

  virtual ~Sliced() = default;

  // Works for about `length`, at least one unit.
  virtual Then RunSlice(absl::Duration length) = 0;
};

// Thread-safe.
class Scheduler {
 public:
  using Clock = std::function<absl::Time()>;

  Scheduler(int worker_count, absl::Duration slice_length, Clock clock = absl::Now);

  // As Stop.
  ~Scheduler();

  int worker_count() const { return static_cast<int>(workers_.size()); }

  void Add(std::shared_ptr<Sliced> work, int priority);

  // For what is done it does nothing.
  void SetPriority(const Sliced* work, int priority);

  // Makes ready what waits. During a slice it takes effect after it; for what is ready or done it does nothing.
  void Wake(const Sliced* work);

  // As Wake; and its next slice comes before those of all others, for it was told to do something.
  void Hasten(const Sliced* work);

  // Asks a worker that has nothing to do to help a crew, if there is one. It goes back to its own as soon as anything waits. Cheap where all
  // workers are busy.
  void CallHelp(const std::shared_ptr<Crew>& crew);

  // Whether anything waits for a worker.
  bool Contended() const { return ready_count_.load(std::memory_order_relaxed) > 0; }

  // Lets the slices under way end, begins no other, and joins the workers.
  void Stop();

 private:
  struct Entry {
    std::shared_ptr<Sliced> work;
    int priority = 0;
    int64_t order = 0;
    bool had_slice = false;
    absl::Duration used;
    bool running = false;
    bool waiting = false;
    bool woken = false;
    bool hastened = false;
  };

  // Smallest first: what a worker takes next.
  using Rank = std::tuple<bool, int, bool, absl::Duration, int64_t, const Sliced*>;
  static Rank RankOf(const Entry& entry) {
    return {!entry.hastened, -entry.priority, entry.had_slice, entry.used, entry.order, entry.work.get()};
  }

  void Work();
  bool AwaitWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Help(std::shared_ptr<Crew> crew) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountReady() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Enqueue(const Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  template <typename Change>
  void Rerank(const Sliced* work, Change change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeReady(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration slice_length_;
  const Clock clock_;
  absl::Mutex mutex_;
  std::map<const Sliced*, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::set<Rank> ready_ ABSL_GUARDED_BY(mutex_);
  std::atomic<int> ready_count_ = 0;
  int64_t next_order_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration least_used_ ABSL_GUARDED_BY(mutex_);      // of the entry that a worker took last
  std::shared_ptr<Crew> calling_ ABSL_GUARDED_BY(mutex_);  // for help; null: none
  std::atomic<int> idle_ = 0;                              // workers
  std::atomic<bool> stopping_ = false;                     // changes under mutex_
  std::vector<std::thread> workers_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_SCHEDULER_H_
