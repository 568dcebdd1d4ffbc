// Lines for whoever reads a descriptor, as standard error, and may stand still.

#ifndef TRAINYARD_SERVER_BASE_LINE_WRITER_H_
#define TRAINYARD_SERVER_BASE_LINE_WRITER_H_

#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace trainyard {

// Thread-safe.
class LineWriter {
 public:
  // `fd` must outlive this.
  explicit LineWriter(int fd) : fd_(fd) {}

  // Waits for room, and writes the line; what has not found any when the wait is over, or can't be written, is lost.
  void Write(std::string_view line);

  // For all lines together: from now on they wait no longer than this.
  void WaitAtMost(absl::Duration rest);

 private:
  bool AwaitRoom() const;
  bool MayWait() const;

  const int fd_;
  mutable absl::Mutex mutex_;
  absl::Time wait_until_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_BASE_LINE_WRITER_H_
