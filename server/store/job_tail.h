// One job's end of the event log: which numbers are given out, which are committed, and the newest committed events.

#ifndef TRAINYARD_SERVER_STORE_JOB_TAIL_H_
#define TRAINYARD_SERVER_STORE_JOB_TAIL_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/store/log_entry.h"
#include "server/store/summarizer.h"

namespace trainyard {

// Thread-safe.
class JobTail {
 public:
  bool loaded() const;

  // What the database has. Only the first call counts: from then on the tail knows better.
  void Load(const LogRange& range);

  // Nullopt before Load.
  std::optional<LogRange> range() const;

  // Calls `enqueue` with the next number and the job's summarizer, under the tail's lock, so that numbers are queued in order; it returns
  // the event's bytes. FAILED_PRECONDITION: not loaded, or a terminal event has a number already.
  using Enqueue = absl::FunctionRef<int64_t(int64_t sequence, Summarizer& summarizer)>;
  absl::StatusOr<int64_t> Number(bool terminal, Enqueue enqueue);

  // Asked by the writer for each number, in order; a group that is written again begins again with any of its numbers. ABORTED: the number
  // before this one was not written, so this one would leave a gap.
  absl::Status MayWrite(int64_t sequence);

  // Told by the writer when MayWrite was OK and the event could not be written.
  void CouldNotWrite(int64_t sequence);

  // Told of each number, in order, once. Entries become visible here. Returns by how many bytes the events in memory grew.
  int64_t Committed(LogEntry entry, bool terminal);

  // Told of each number that was not written, in order, once. With the last of them the numbers are given out anew.
  void Dropped(int64_t bytes);

  int64_t uncommitted_bytes() const;

  // As EventLog::ReadFromMemory.
  absl::StatusOr<std::optional<LogPage>> Read(int64_t from, int limit) const;

  // Forgets the events in memory; the database has them. Returns their bytes.
  int64_t Trim();

 private:
  void Settle(int64_t bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  bool loaded_ ABSL_GUARDED_BY(mutex_) = false;
  LogRange committed_ ABSL_GUARDED_BY(mutex_);
  std::deque<LogEntry> entries_ ABSL_GUARDED_BY(mutex_);  // the newest committed ones, without a gap
  int64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;

  int64_t numbered_ ABSL_GUARDED_BY(mutex_) = 0;            // the last number given out
  bool terminal_numbered_ ABSL_GUARDED_BY(mutex_) = false;  // it is a terminal event's
  int64_t uncommitted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t uncommitted_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t written_ ABSL_GUARDED_BY(mutex_) = 0;  // the last number that the writer has written, committed or not yet
  Summarizer summarizer_ ABSL_GUARDED_BY(mutex_);
};

// OUT_OF_RANGE (SEQUENCE_NOT_KEPT, with `oldest` and `newest`): from < oldest, or from > newest + 1.
absl::Status CheckCursor(const LogRange& range, int64_t from);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_JOB_TAIL_H_
