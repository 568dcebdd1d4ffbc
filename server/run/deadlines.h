// Times at which something is to be told, by name.

#ifndef TRAINYARD_SERVER_RUN_DEADLINES_H_
#define TRAINYARD_SERVER_RUN_DEADLINES_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace trainyard {

// Thread-safe. One thread waits for the earliest.
class Deadlines {
 public:
  // `tell` is called once a deadline has come, on a thread of this; it must not block for long.
  explicit Deadlines(std::function<void(const std::string& name)> tell);

  // As Stop.
  ~Deadlines();

  // In place of the former one of this name. A time that is past comes at once.
  void Set(const std::string& name, absl::Time time);
  void Clear(const std::string& name);

  // Nothing is told from here on.
  void Stop();

 private:
  void Wait();

  const std::function<void(const std::string& name)> tell_;
  absl::Mutex mutex_;
  std::map<std::string, absl::Time> times_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, std::string>> order_ ABSL_GUARDED_BY(mutex_);
  bool changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_DEADLINES_H_
