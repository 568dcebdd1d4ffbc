// Watching jobs through broken connections and restarts of the server.

#ifndef TRAINYARD_CLIENT_CPP_WATCH_H_
#define TRAINYARD_CLIENT_CPP_WATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "trainyard/v1/watch.pb.h"

namespace trainyard::client {

struct WatchOptions {
  v1::WatchRequest request;

  // How long to try to reach a server that has gone, or has no room for a stream that broke, counted from the last
  // message.
  absl::Duration reconnect_for = absl::Minutes(5);
  absl::Duration first_delay = absl::Milliseconds(100);

  // At the first message of each stream, a heartbeat perhaps. On the thread of Run.
  std::function<void()> connected;

  // Before each new attempt, with the error that made it necessary. On the thread of Run.
  std::function<void(const absl::Status& error)> reconnecting;
};

// One watch of any number of jobs. Each event is delivered exactly once and, within a job, in order.
class JobWatch {
 public:
  // Of the callback: whether to go on.
  enum class Next { kContinue, kStop };

  JobWatch(Client& client, WatchOptions options);

  // Blocks until all jobs named have ended, the callback stops or Cancel is called: then OK. Once only.
  // UNAVAILABLE, RESOURCE_EXHAUSTED: the server was gone, or full, for longer than reconnect_for. DATA_LOSS: the server
  // left a number out. Others: those of WatchService.Watch.
  absl::Status Run(absl::FunctionRef<Next(const v1::Event& event)> deliver);

  // Ends Run soon; from any thread.
  void Cancel();

 private:
  using Callback = absl::FunctionRef<Next(const v1::Event& event)>;

  // What remains to be seen, from the next numbers on.
  v1::WatchRequest RemainingRequest() const;
  absl::Status RunStream(Callback deliver, bool& stopped, bool& progressed);
  absl::Status Deliver(const v1::WatchResponse& response, Callback deliver, bool& stopped);
  bool OpenContext(grpc::ClientContext* context);
  void CloseContext();

  // False when cancelled meanwhile; true when the connection stands or `deadline` is over.
  bool WaitToReconnect(absl::Duration delay, absl::Time deadline);

  Client& client_;
  const WatchOptions options_;

  // By job, for each that has sent something or was named.
  std::map<std::string, int64_t> next_;
  std::set<std::string> ended_;

  absl::Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// SUCCEEDED, FAILED or CANCELLED.
bool IsTerminal(v1::State state);

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_WATCH_H_
