// What stands between SQLite and the disk in tests: for the databases that are opened while it lives, every write, sync, cut and read of the
// database and of its write-ahead log comes through here. The base class hands all of them on.

#ifndef TRAINYARD_TESTS_TESTING_INTERCEPTED_DISK_H_
#define TRAINYARD_TESTS_TESTING_INTERCEPTED_DISK_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace trainyard {

// One at a time in a process. Connections must not outlive it.
class InterceptedDisk {
 public:
  enum class Kind { kDatabase, kLog };

  InterceptedDisk();
  virtual ~InterceptedDisk();
  InterceptedDisk(const InterceptedDisk&) = delete;
  InterceptedDisk& operator=(const InterceptedDisk&) = delete;

 protected:
  // As sqlite3_io_methods has them, on any thread.
  virtual int Read(Kind kind, sqlite3_file* file, void* bytes, int count, int64_t offset);
  virtual int Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset);
  virtual int Cut(Kind kind, sqlite3_file* file, int64_t size);
  virtual int Sync(Kind kind, sqlite3_file* file, int flags);
  virtual int Size(Kind kind, sqlite3_file* file, sqlite3_int64* size);
  virtual int Close(Kind kind, sqlite3_file* file);

 private:
  template <Kind kKind>
  struct Hooks;
  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags);

  sqlite3_vfs vfs_;
};

// Fails what it is told to fail, until it is healed.
class FailingDisk final : public InterceptedDisk {
 public:
  enum class Call { kRead, kWrite, kCut, kSync };

  // From the `after`-th such call on, counted from now, `times` are answered with `code`; a write leaves the first half of its bytes before
  // that where `torn`.
  struct Fault {
    Kind kind = Kind::kLog;
    Call call = Call::kWrite;
    int code = SQLITE_IOERR;
    int after = 0;
    int times = std::numeric_limits<int>::max();
    bool torn = false;
  };
  void Fail(Fault fault);
  void Heal();

  // Calls that were answered with an error since the last Fail.
  int failed() const;
  void AwaitFailed(int count) const;

 protected:
  int Read(Kind kind, sqlite3_file* file, void* bytes, int count, int64_t offset) override;
  int Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) override;
  int Cut(Kind kind, sqlite3_file* file, int64_t size) override;
  int Sync(Kind kind, sqlite3_file* file, int flags) override;

 private:
  // SQLITE_OK: to be handed on. `torn`: half of it, before the error.
  int Decide(Kind kind, Call call, bool* torn);

  mutable absl::Mutex mutex_;
  bool failing_ ABSL_GUARDED_BY(mutex_) = false;
  Fault fault_ ABSL_GUARDED_BY(mutex_);
  int passed_ ABSL_GUARDED_BY(mutex_) = 0;
  int failed_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Says of the log at once that it is written and synced, and writes it some time later, in order: a process that is killed takes the newest
// commits back. Of one database at a time.
class LateDisk final : public InterceptedDisk {
 public:
  explicit LateDisk(std::chrono::milliseconds by) : by_(by) {}

 protected:
  int Read(Kind kind, sqlite3_file* file, void* bytes, int count, int64_t offset) override;
  int Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) override;
  int Cut(Kind kind, sqlite3_file* file, int64_t size) override;
  int Sync(Kind kind, sqlite3_file* file, int flags) override;
  int Size(Kind kind, sqlite3_file* file, sqlite3_int64* size) override;
  int Close(Kind kind, sqlite3_file* file) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Clock::time_point since;
    int64_t offset;
    std::string bytes;
  };
  int WriteOut(sqlite3_file* log, Clock::time_point until) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::chrono::milliseconds by_;
  absl::Mutex mutex_;
  sqlite3_file* log_ ABSL_GUARDED_BY(mutex_) = nullptr;  // that any connection has open
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_INTERCEPTED_DISK_H_
