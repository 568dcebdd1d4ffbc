// Threads for the work of calls, apart by what they may have to wait for: no read waits for a disk that does not write, and nothing short
// for what lasts.

#ifndef TRAINYARD_SERVER_RPC_CALL_POOLS_H_
#define TRAINYARD_SERVER_RPC_CALL_POOLS_H_

#include "core/base/worker_pool.h"

namespace trainyard {

// Calls under way of one kind beyond so many wait for their turn.
inline constexpr int kThreadsOfPool = 16;

struct CallPools {
  // Calls that read, if need be from files.
  WorkerPool reads{kThreadsOfPool};

  // Calls that wait until something is written.
  WorkerPool writes{kThreadsOfPool};

  // Calls that go through all rows of a data set, and then only answer; and those that write what they made.
  WorkerPool lasting_reads{kThreadsOfPool};
  WorkerPool lasting_writes{kThreadsOfPool};
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_CALL_POOLS_H_
