// Whether the server takes new work, and how health checks tell it.
//
// Names for grpc.health.v1: "" and "ready" are SERVING while the server takes new work, "live" while it runs at all.

#ifndef TRAINYARD_SERVER_RPC_READINESS_H_
#define TRAINYARD_SERVER_RPC_READINESS_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/health_check_service_interface.h"
#include "server/base/journal.h"
#include "server/rpc/watch_table.h"
#include "server/run/job_table.h"
#include "server/store/blobs.h"
#include "server/store/commit_queue.h"

namespace trainyard {

// Thread-safe.
class Readiness {
 public:
  // All must outlive this. `queued_jobs`: as many may wait.
  Readiness(const CommitQueue& queue, const Blobs& blobs, const WatchTable& watchers, JobTable& jobs, int queued_jobs)
      : queue_(queue), blobs_(blobs), watchers_(watchers), jobs_(jobs), queued_jobs_(queued_jobs) {}

  // OK: takes new work. UNAVAILABLE (DRAINING, STORE_CANNOT_WRITE) or RESOURCE_EXHAUSTED (STORAGE_FULL, QUEUE_FULL). Looks at the disk:
  // never on a gRPC thread.
  absl::Status Check() const;

 private:
  const CommitQueue& queue_;
  const Blobs& blobs_;
  const WatchTable& watchers_;
  JobTable& jobs_;
  const int queued_jobs_;
};

// Asks each second, and tells gRPC's health service and the journal of changes.
class HealthReporter {
 public:
  // All must outlive this. On return the health service knows.
  HealthReporter(const Readiness& readiness, grpc::HealthCheckServiceInterface* health, Journal& journal);

  // Tells that the server takes no more work.
  ~HealthReporter();

 private:
  void Run();
  void Report(const absl::Status& ready);

  const Readiness& readiness_;
  grpc::HealthCheckServiceInterface* const health_;
  Journal& journal_;
  absl::Status reported_;  // last
  absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_READINESS_H_
