// One Watch: a cursor into the log of each of its jobs, and at most one message on its way, with one page read ahead of it.
//
// Whatever may move the stream (a finished write, news of the log, a page read from disk, a tick, the client's leaving) takes the lock and
// calls Proceed, the only place that decides what comes next.

#ifndef TRAINYARD_SERVER_RPC_WATCH_SESSION_H_
#define TRAINYARD_SERVER_RPC_WATCH_SESSION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "core/base/worker_pool.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/gate.h"
#include "server/rpc/watch_table.h"
#include "server/rpc/watch_view.h"
#include "server/run/job_table.h"
#include "server/store/event_log.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard {

struct WatchServices {
  JobTable& jobs;
  EventLog& log;
  WorkerPool& pool;
  WatchTable& table;
};

class WatchSession final : public LogObserver, public WatchedStream, public std::enable_shared_from_this<WatchSession> {
 public:
  // Where messages go; its methods are called under the session's lock.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Write(grpc::ByteBuffer message) = 0;
    virtual void Finish(grpc::Status status) = 0;

    // Ends the call without a word, whatever is on its way; OnWriteDone(false) and OnCancel follow.
    virtual void Cancel() = 0;
  };

  WatchSession(const WatchServices& services, Admission admission, v1::WatchRequest request, Stream* stream);

  // Finds the jobs, on the pool, and begins.
  void Start();

  // What the stream tells. After OnDone the stream is not used any more.
  void OnWriteDone(bool ok);
  void OnCancel();
  void OnDone();

  void OnNews(JobKey job, int64_t newest) override;
  void Tick(absl::Time now) override;
  int64_t Lag() const override;
  void Drain() override;

 private:
  struct Cursor {
    std::string job;
    int64_t next = 1;
    int64_t newest = 0;  // as far as is known
    bool gone = false;   // deleted
    WatchView view;
  };

  struct ReadPage {
    JobKey job = 0;
    int64_t from = 0;
    LogPage page;
  };

  absl::Status FindJobs();
  absl::Status FindNamed(const v1::WatchTarget& target);
  absl::Status FindMatching(const v1::WatchTarget& target);
  absl::Status FindMatch(const std::string& name, int64_t from);
  void ConsiderNew(JobKey job);
  bool IsWanted(const v1::Event& first) const;

  // As the log's Read, but NOT_FOUND wherever the job is gone.
  absl::StatusOr<LogPage> Read(JobKey job, const std::string& name, int64_t from, int limit) const;

  void Follow(JobKey job, Cursor cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  void Proceed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ProceedWith(JobKey job, Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool EndsBefore(JobKey job, const Cursor& cursor) const;
  void ReadFromDisk(JobKey job, const Cursor& cursor) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeliverFromDisk(JobKey job, Cursor& cursor, const LogPage& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Deliver(JobKey job, Cursor& cursor, const LogPage& page) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Beat() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(grpc::ByteBuffer message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const WatchServices services_;
  const Admission admission_;
  const v1::WatchRequest request_;
  WatchChoice choice_;
  Filter filter_;
  absl::Duration heartbeat_interval_;

  mutable absl::Mutex mutex_;
  Stream* stream_ ABSL_GUARDED_BY(mutex_);  // null after OnDone
  std::map<JobKey, Cursor> cursors_ ABSL_GUARDED_BY(mutex_);
  std::set<JobKey> ended_ ABSL_GUARDED_BY(mutex_);  // all of it delivered, or gone: never again on this stream
  std::optional<int64_t> wildcard_from_ ABSL_GUARDED_BY(mutex_);  // of jobs yet to come; nullopt: named jobs only
  std::set<JobKey> pending_ ABSL_GUARDED_BY(mutex_);              // whose cursors may have something to deliver
  std::map<JobKey, int64_t> considered_
      ABSL_GUARDED_BY(mutex_);  // jobs not known yet, with the newest number that was told
  JobKey last_served_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_write_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_lag_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<ReadPage> ahead_ ABSL_GUARDED_BY(mutex_);  // read from disk while a message was on its way
  bool caught_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status admitted_ ABSL_GUARDED_BY(mutex_);  // whether the caller still is
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_WATCH_SESSION_H_
