// How the calls of each method end and how long they take, seen by an interceptor. Watch is left out: its streams live as long as their
// watchers like, and none of their messages is to pay for it.

#ifndef TRAINYARD_SERVER_RPC_CALL_COUNTERS_H_
#define TRAINYARD_SERVER_RPC_CALL_COUNTERS_H_

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/support/server_interceptor.h"
#include "server/base/counters.h"

namespace trainyard {

// Thread-safe.
class CallCounters {
 public:
  void Observe(const std::string& method, grpc::StatusCode code, absl::Duration took);

  struct Ended {
    std::string method;  // "/trainyard.v1.JobService/GetJob"
    grpc::StatusCode code;
    DurationHistogram::Reading durations;
  };

  // One for each method and code that were seen, in order.
  std::vector<Ended> Read() const;

 private:
  DurationHistogram& Of(const std::string& method, grpc::StatusCode code);

  mutable absl::Mutex mutex_;
  std::map<std::pair<std::string, grpc::StatusCode>, std::unique_ptr<DurationHistogram>> ended_ ABSL_GUARDED_BY(mutex_);
};

// Counts the calls of a server's own services; `counters` must outlive the server.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> CountCalls(CallCounters& counters);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_CALL_COUNTERS_H_
