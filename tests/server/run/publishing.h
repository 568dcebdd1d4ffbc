// Files that become visible when a test says so.

#ifndef TRAINYARD_TESTS_SERVER_RUN_PUBLISHING_H_
#define TRAINYARD_TESTS_SERVER_RUN_PUBLISHING_H_

#include <cstdio>
#include <cstring>

#include "absl/synchronization/mutex.h"
#include "server/store/files.h"

namespace trainyard {

// Checkpoints of an attempt, and all other files, wait for Allow; one at a time in a process.
class Publishing {
 public:
  Publishing() : system_(SystemFileCalls()) {
    now_ = this;
    SystemFileCalls().rename = [](const char* from, const char* to) { return now_->Rename(from, to); };
  }
  ~Publishing() { SystemFileCalls() = system_; }

  void Allow(int attempt) {
    absl::MutexLock lock(&mutex_);
    allowed_ = attempt;
  }

 private:
  int Rename(const char* from, const char* to) {
    int job = 0, attempt = 0;
    if (const char* name = std::strstr(to, "checkpoint-")) std::sscanf(name, "checkpoint-%d-%d-", &job, &attempt);
    {
      absl::MutexLock lock(&mutex_);
      const auto allowed = [&] { return attempt <= allowed_; };
      mutex_.Await(absl::Condition(&allowed));
    }
    return system_.rename(from, to);
  }

  static inline Publishing* now_ = nullptr;
  const FileCalls system_;
  absl::Mutex mutex_;
  int allowed_ = 0;
};

// The first base of a test's fixture: what it holds back outlives all that publishes.
class WithPublishing {
 protected:
  Publishing publishing_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_RUN_PUBLISHING_H_
