// Brings rows of a data set into memory before they are needed, on a thread of its own: the system finds, reads and reclaims pages in the
// time of the thread that asks for them, and that must not be the one that trains.

#ifndef TRAINYARD_CORE_DATA_READ_AHEAD_H_
#define TRAINYARD_CORE_DATA_READ_AHEAD_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "core/data/dataset.h"

namespace trainyard {

// Thread-safe.
class ReadAhead {
 public:
  explicit ReadAhead(std::shared_ptr<const Dataset> dataset);

  // Waits for what is being read.
  ~ReadAhead();

  // Asks for rows [begin, end) in place of those asked for before, if these are not being read yet. Returns at once.
  void Ask(int64_t begin, int64_t end);

 private:
  struct Rows {
    int64_t begin;
    int64_t end;
  };

  void Work();

  const std::shared_ptr<const Dataset> dataset_;
  absl::Mutex mutex_;
  std::optional<Rows> asked_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_READ_AHEAD_H_
