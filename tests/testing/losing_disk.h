// A disk that loses what it could not sync, as under Linux: pages that were to be made safe by a sync that failed count as written from
// then on, in memory and for the next sync, while the disk has what was there before.

#ifndef TRAINYARD_TESTS_TESTING_LOSING_DISK_H_
#define TRAINYARD_TESTS_TESTING_LOSING_DISK_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/testing/intercepted_disk.h"

namespace trainyard {

// Of one database at a time, whose pages are written whole; its log is never lost.
class LosingDisk final : public InterceptedDisk {
 public:
  // So many syncs of the database fail, from now on.
  void FailSyncs(int times);

  // Those that did.
  int failed() const;

  // Copies the database and its log to `to` as the death of the machine would leave them now.
  void Copy(const std::string& database, const std::string& to) const;

 protected:
  int Write(Kind kind, sqlite3_file* file, const void* bytes, int count, int64_t offset) override;
  int Cut(Kind kind, sqlite3_file* file, int64_t size) override;
  int Sync(Kind kind, sqlite3_file* file, int flags) override;

 private:
  mutable absl::Mutex mutex_;
  int to_fail_ ABSL_GUARDED_BY(mutex_) = 0;
  int failed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, std::string> on_disk_ ABSL_GUARDED_BY(mutex_);  // by offset, where it is not what was written
  std::set<int64_t> dirty_ ABSL_GUARDED_BY(mutex_);                 // of these, those that the next sync writes
};

}  // namespace trainyard

#endif  // TRAINYARD_TESTS_TESTING_LOSING_DISK_H_
