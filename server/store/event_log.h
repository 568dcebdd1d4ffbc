// The event log: one append-only sequence for each job, from 1, without a gap. It is the queue between trainers and watchers: a watcher
// is a cursor, and appending never waits for one, nor for a disk.
//
// Events become visible when they are committed (see CommitQueue), never before, in order. The newest committed events of each job are
// kept in memory, ready-made; older ones are read from the database. Beside the metrics of long jobs lie their summaries, written in the
// same transactions.

#ifndef TRAINYARD_SERVER_STORE_EVENT_LOG_H_
#define TRAINYARD_SERVER_STORE_EVENT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "server/store/commit_queue.h"
#include "server/store/log_entry.h"
#include "server/store/metric_summary.h"
#include "server/store/news.h"
#include "server/store/read_pool.h"
#include "server/store/tail_table.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {

struct EventLogOptions {
  // Bytes of committed events in memory: of all jobs together. Of one job at most the newest 2,048 events or 1 MiB are kept.
  int64_t memory_budget = int64_t{256} << 20;
};

// Thread-safe.
class EventLog {
 public:
  using Clock = absl::AnyInvocable<absl::Time() const>;

  // `queue` must outlive the log. Changes that are queued when the log goes are written all the same.
  EventLog(const std::string& database_path, CommitQueue& queue, Clock clock = absl::Now, EventLogOptions options = {});
  ~EventLog();

  // Reads what the database has of a job, if that is not known yet; to be called before the first Append to it, for a new job as well.
  // Never on a gRPC thread.
  absl::Status Load(JobKey job) const;

  // Numbers the event and queues it; sets its sequence, and its time where it has none. Allocates, never blocks. `with` joins the same
  // transaction, and `committed` is told after it, when the event is visible; both may be null. After a terminal event nothing may be
  // appended.
  //
  // An error of `with` or of the write undoes both, tells `committed`, and takes with it (ABORTED) the events of the job that were
  // numbered meanwhile, so that no gap remains; their numbers are given out again. Returns 0, and tells FAILED_PRECONDITION, where the
  // job was not loaded or has had its terminal event.
  int64_t Append(JobKey job, v1::Event event, CommitQueue::Change with = nullptr,
                 CommitQueue::Told committed = nullptr);

  // The same, told when durable; visible when committed, of which `committed`, which may be null, is told before.
  int64_t AppendDurably(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told durable,
                        CommitQueue::Told committed = nullptr);

  // Up to `limit` committed events from `from` on, if they are all in memory or there is nothing to read; else nullopt: then call Read.
  // OUT_OF_RANGE with reason SEQUENCE_NOT_KEPT and metadata `oldest` and `newest`: from < oldest, or from > newest + 1.
  absl::StatusOr<std::optional<LogPage>> ReadFromMemory(JobKey job, int64_t from, int limit) const;

  // The same from memory or disk; a page from disk has at most kMostPageBytes, or one event. Never on a gRPC thread. NOT_FOUND: the job's events are
  // being deleted.
  absl::StatusOr<LogPage> Read(JobKey job, int64_t from, int limit) const;

  // Those of these events, given in ascending order, that are committed and kept. Never on a gRPC thread.
  absl::StatusOr<std::vector<LogEntry>> ReadSome(JobKey job, std::span<const int64_t> sequences) const;

  // What there is of summaries of the level within these events, in order; between them may be gaps. Never on a gRPC thread.
  absl::StatusOr<std::vector<MetricSummary>> Summaries(JobKey job, int level, int64_t first_sequence,
                                                       int64_t last_sequence) const;

  // The newest committed number of each of these jobs, 0 where it has none: in one query for all that are not in memory, which are not
  // loaded by this. Never on a gRPC thread.
  absl::StatusOr<std::vector<int64_t>> Newest(std::span<const JobKey> jobs) const;

  // Bytes of a job's events that are queued and not committed.
  int64_t UncommittedBytes(JobKey job) const;

  // `observer` is told of each commit to `job`, or to any job where nullopt. News may be merged.
  void Subscribe(std::optional<JobKey> job, std::shared_ptr<LogObserver> observer);
  void Unsubscribe(const LogObserver* observer);

  // Forgets a job whose rows are gone and tells its observers.
  void Forget(JobKey job);

 private:
  // What the queue's calls need, which may come after the log is gone.
  struct Shared {
    explicit Shared(int64_t memory_budget) : tails(memory_budget) {}
    TailTable tails;
    News news;
  };

  int64_t Enqueue(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told committed,
                  CommitQueue::Told durable);
  absl::StatusOr<LogRange> ReadRange(JobKey job) const;
  absl::StatusOr<LogPage> ReadFromDisk(JobKey job, const LogRange& range, int64_t from, int limit) const;

  CommitQueue& queue_;
  const Clock clock_;
  mutable ReadPool readers_;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_EVENT_LOG_H_
