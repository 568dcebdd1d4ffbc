// The tails of all jobs, within one budget of memory.

#ifndef TRAINYARD_SERVER_STORE_TAIL_TABLE_H_
#define TRAINYARD_SERVER_STORE_TAIL_TABLE_H_

#include <cstdint>
#include <list>
#include <memory>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/store/job_tail.h"

namespace trainyard {

// Thread-safe.
class TailTable {
 public:
  // `budget`: bytes of events in memory, for all jobs together.
  explicit TailTable(int64_t budget) : budget_(budget) {}

  // The job's tail; a new one, not loaded, where there is none.
  std::shared_ptr<JobTail> Get(JobKey job);

  // Null where there is none.
  std::shared_ptr<JobTail> Find(JobKey job) const;

  void Erase(JobKey job);

  // The job's events in memory grew by `bytes`. Beyond the budget those of the jobs that grew longest ago are trimmed.
  void Grew(JobKey job, int64_t bytes);

 private:
  struct Row {
    std::shared_ptr<JobTail> tail;
    std::list<JobKey>::iterator place;
  };

  const int64_t budget_;
  mutable absl::Mutex mutex_;
  std::unordered_map<JobKey, Row> rows_ ABSL_GUARDED_BY(mutex_);
  std::list<JobKey> by_growth_ ABSL_GUARDED_BY(mutex_);  // the one that grew last at the end
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_TAIL_TABLE_H_
