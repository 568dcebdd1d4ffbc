// Threads that run closures in the order in which they come: for work that may block (files, the database), never for training.

#ifndef TRAINYARD_CORE_BASE_WORKER_POOL_H_
#define TRAINYARD_CORE_BASE_WORKER_POOL_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace trainyard {

// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(int thread_count);

  // Runs all that was submitted, then joins.
  ~WorkerPool();

  void Submit(absl::AnyInvocable<void()> task);

 private:
  void Work();

  absl::Mutex mutex_;
  std::deque<absl::AnyInvocable<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_BASE_WORKER_POOL_H_
