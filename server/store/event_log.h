// The event log: one append-only sequence for each job, from 1, without a gap. It is the queue between trainers and watchers: a watcher
// is a cursor, and appending never waits for one, nor for a disk.
//
// Events become visible when they are committed (see CommitQueue), never before, in order. The newest committed events of each job are
// kept in memory, ready-made; older ones are read from the database.

#ifndef TRAINYARD_SERVER_STORE_EVENT_LOG_H_
#define TRAINYARD_SERVER_STORE_EVENT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/commit_queue.h"
#include "server/store/database.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {

// A job's key in the database: positive, rising with creation.
using JobKey = int64_t;

struct LogEntry {
  int64_t sequence = 0;

  // A serialised v1.Event, shared by all that send it.
  std::shared_ptr<const std::string> event;
};

struct LogPage {
  std::vector<LogEntry> entries;

  // Numbers kept when the page was read; newest 0: none yet.
  int64_t oldest = 1;
  int64_t newest = 0;

  // The newest is a terminal state: nothing will follow it.
  bool ended = false;
};

// Told of news; see EventLog::Subscribe.
class LogObserver {
 public:
  virtual ~LogObserver() = default;

  // Job `job` has events up to `newest`, or was deleted (newest 0). On the log's own thread; must be quick and not block. May still come
  // once after Unsubscribe has returned.
  virtual void OnNews(JobKey job, int64_t newest) = 0;
};

// Thread-safe.
class EventLog {
 public:
  EventLog(const std::string& database_path, CommitQueue& queue);
  ~EventLog();

  // Numbers the event and queues it; sets its sequence. Allocates, never blocks. `with` joins the same transaction, and `committed` is
  // told after it; both may be null. After a terminal event nothing may be appended.
  int64_t Append(JobKey job, v1::Event event, CommitQueue::Change with = nullptr, CommitQueue::Told committed = nullptr);

  // The same, told when durable.
  int64_t AppendDurably(JobKey job, v1::Event event, CommitQueue::Change with, CommitQueue::Told durable);

  // Up to `limit` committed events from `from` on, if they are all in memory or there is nothing to read; else nullopt: then call Read.
  // OUT_OF_RANGE with reason SEQUENCE_NOT_KEPT and metadata `oldest` and `newest`: from < oldest, or from > newest + 1.
  absl::StatusOr<std::optional<LogPage>> ReadFromMemory(JobKey job, int64_t from, int limit) const;

  // The same from memory or disk. Never on a gRPC thread.
  absl::StatusOr<LogPage> Read(JobKey job, int64_t from, int limit) const;

  // Bytes of a job's events that are queued and not committed.
  int64_t UncommittedBytes(JobKey job) const;

  // `observer` is told of each commit to `job`, or to any job where nullopt. News may be merged.
  void Subscribe(std::optional<JobKey> job, std::shared_ptr<LogObserver> observer);
  void Unsubscribe(const LogObserver* observer);

  // Forgets a job whose rows are gone and tells its observers.
  void Forget(JobKey job);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_STORE_EVENT_LOG_H_
