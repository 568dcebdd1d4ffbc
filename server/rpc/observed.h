// What a server shows of itself to its operator.

#ifndef TRAINYARD_SERVER_RPC_OBSERVED_H_
#define TRAINYARD_SERVER_RPC_OBSERVED_H_

#include <string>

#include "absl/time/time.h"
#include "server/rpc/call_counters.h"
#include "server/rpc/readiness.h"
#include "server/rpc/watch_table.h"
#include "server/run/dataset_table.h"
#include "server/run/job_table.h"
#include "server/run/run_counters.h"
#include "server/store/blobs.h"
#include "server/store/commit_queue.h"

namespace trainyard {

// References to the parts of a server, all of which may be read by any thread but gRPC's.
struct Observed {
  std::string version;
  std::string numeric_fingerprint;
  int workers;
  int64_t job_memory_limit;
  absl::Time start_time;
  const CallCounters& calls;
  const RunCounters& runs;
  const WatchTable& watchers;
  const DatasetTable& datasets;
  JobTable& jobs;
  const CommitQueue& queue;
  const Blobs& blobs;
  const Readiness& readiness;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_OBSERVED_H_
