// Brings rows of a data set into memory before they are needed, on a thread of its own: the system finds, reads and reclaims pages in the
// time of the thread that asks for them, and that must not be the one that trains. Of data that does not fit in memory it lets rows go once
// they were used: that costs less than having the system look for room, and what is there stays. Where the system has no thread to give,
// nothing is read ahead.

#ifndef TRAINYARD_CORE_DATA_READ_AHEAD_H_
#define TRAINYARD_CORE_DATA_READ_AHEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "core/data/dataset.h"

namespace trainyard {

// Thread-safe.
class ReadAhead {
 public:
  explicit ReadAhead(std::shared_ptr<const Dataset> dataset);

  // Waits for the kPiece rows that are being read.
  ~ReadAhead();

  // Asks for rows [begin, end), unless they are those of one of the last two calls. Of rows that are not being read yet, those of the last
  // two calls are kept. Rows of kUsed calls before have been used. Returns at once, and allocates nothing.
  void Ask(int64_t begin, int64_t end);

  // Returns when all that was asked for is being read; at once where nothing is read ahead.
  void AwaitBegun() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  static constexpr int64_t kAhead = 2;
  static constexpr int64_t kUsed = 4;
  static constexpr int64_t kPiece = 1024;

  // Of so many stretches of rows that were gone when they came again, one stays all the same: there may be room again.
  static constexpr int64_t kTried = 8;

  struct Rows {
    int64_t begin = 0;
    int64_t end = 0;

    bool empty() const { return begin == end; }
    friend bool operator==(const Rows&, const Rows&) = default;
  };

  bool closed() ABSL_LOCKS_EXCLUDED(mutex_);

  // On the thread. TakeAsked waits where nothing else is to be done; empty: nothing was asked, or all ends. Fetch lets go of what was used.
  void Work();
  Rows TakeAsked() ABSL_LOCKS_EXCLUDED(mutex_);
  void Fetch(const Rows& rows);
  void AwaitPiece();

  // What a call asked for, one of the last kAhead.
  Rows& Of(int64_t call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return rows_[static_cast<size_t>(call % kAhead)]; }

  const std::shared_ptr<const Dataset> dataset_;

  // The thread's own. The data fits in memory while the rows that were fetched first have stayed there, until all were fetched once; after
  // that, what is gone when it comes again does not fit beside the others.
  Rows awaited_;
  Rows next_;  // fetched behind awaited_
  Rows oldest_;
  std::array<Rows, kUsed> fetched_;  // the last ones that need not stay, and nothing in place of the others
  size_t next_fetched_ = 0;
  int64_t rows_fetched_ = 0;
  int64_t gone_ = 0;  // stretches that came again

  absl::Mutex mutex_;
  std::array<Rows, kAhead> rows_ ABSL_GUARDED_BY(mutex_);
  int64_t asked_ ABSL_GUARDED_BY(mutex_) = 0;  // calls
  int64_t taken_ ABSL_GUARDED_BY(mutex_) = 0;  // those before this one are the thread's, or too old
  int64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;  // those before this one are read, being read, or too old
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_READ_AHEAD_H_
