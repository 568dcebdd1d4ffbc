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

  // Until a file waits for Allow.
  void AwaitHeld() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&held_));
  }

  // Until one that waited has become visible.
  void AwaitPublished() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&published_));
  }

 private:
  int Rename(const char* from, const char* to) {
    int job = 0, attempt = 0;
    if (const char* name = std::strstr(to, "checkpoint-")) std::sscanf(name, "checkpoint-%d-%d-", &job, &attempt);
    if (IsAllowed(attempt)) return system_.rename(from, to);
    absl::MutexLock lock(&mutex_);
    held_ = true;
    const auto allowed = [&] { return attempt <= allowed_; };
    mutex_.Await(absl::Condition(&allowed));
    const int result = system_.rename(from, to);
    published_ = true;
    return result;
  }

  bool IsAllowed(int attempt) {
    absl::MutexLock lock(&mutex_);
    return attempt <= allowed_;
  }

  static inline Publishing* now_ = nullptr;
  const FileCalls system_;
  absl::Mutex mutex_;
  int allowed_ = 0;
  bool held_ = false;
  bool published_ = false;
};

// The first base of a test's fixture: what it holds back outlives all that publishes.
class WithPublishing {
 protected:
  Publishing publishing_;
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_SERVER_RUN_PUBLISHING_H_
