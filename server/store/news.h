// Tells observers that logs have grown, on a thread of its own: whoever commits never waits for them.

#ifndef TRAINYARD_SERVER_STORE_NEWS_H_
#define TRAINYARD_SERVER_STORE_NEWS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/store/log_entry.h"

namespace trainyard {

// Told of news; see EventLog::Subscribe.
class LogObserver {
 public:
  virtual ~LogObserver() = default;

  // Job `job` has events up to `newest`, or was deleted (newest 0). On the log's own thread; must be quick and not block. May still come
  // once after Unsubscribe has returned.
  virtual void OnNews(JobKey job, int64_t newest) = 0;
};

// Thread-safe.
class News {
 public:
  News();
  ~News();

  // Tells nobody any more. Not on the thread of OnNews.
  void Stop();

  // As EventLog's.
  void Subscribe(std::optional<JobKey> job, std::shared_ptr<LogObserver> observer);
  void Unsubscribe(const LogObserver* observer);

  // To be told. News of one job that come while observers are told are merged: the last counts.
  void Publish(JobKey job, int64_t newest);

 private:
  using Observers = std::vector<std::shared_ptr<LogObserver>>;
  using Latest = std::unordered_map<JobKey, int64_t>;  // newest, by job

  void Run();
  bool Take(Latest* latest);
  Observers ObserversOf(JobKey job) const;

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  Latest latest_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<JobKey, Observers> by_job_ ABSL_GUARDED_BY(mutex_);
  Observers of_all_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<const LogObserver*, std::vector<JobKey>> jobs_of_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_NEWS_H_
