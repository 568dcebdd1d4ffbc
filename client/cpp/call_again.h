// Asking again while the server can't be reached, for as long as it takes to start anew.

#ifndef TRAINYARD_CLIENT_CPP_CALL_AGAIN_H_
#define TRAINYARD_CLIENT_CPP_CALL_AGAIN_H_

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cpp/backoff.h"
#include "client/cpp/client.h"

namespace trainyard::client {

struct PatienceOptions {
  // In a row that bring nothing; the last of their errors is returned.
  int attempts = 8;

  // Before the second.
  absl::Duration first_delay = absl::Milliseconds(100);

  // How long an attempt waits for the connection to come back.
  absl::Duration reconnect = absl::Seconds(5);

  // Waits so long; false: whoever waits has given up. Default: sleeps.
  std::function<bool(absl::Duration)> wait;
};

// Not thread-safe.
class Patience {
 public:
  // `client` must outlive this.
  Patience(Client& client, PatienceOptions options)
      : client_(client), options_(std::move(options)), left_(options_.attempts), backoff_(options_.first_delay) {}

  // After an attempt that brought nothing: whether to try again; if so, having waited.
  bool TryAgain() { return --left_ > 0 && Wait(); }

  // The same where it was no attempt, since something else must come to its end first.
  bool Wait() {
    const absl::Duration delay = backoff_.Next();
    if (options_.wait == nullptr) {
      absl::SleepFor(delay);
    } else if (!options_.wait(delay)) {
      return false;
    }
    client_.WaitForConnection(options_.reconnect);
    return true;
  }

  // After an attempt that brought something.
  void Reset() {
    left_ = options_.attempts;
    backoff_.Reset();
  }

 private:
  Client& client_;
  const PatienceOptions options_;
  int left_;
  Backoff backoff_;
};

// As Call, for what may be asked twice, as a create with a request_id: asked again while the answer is UNAVAILABLE.
template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> CallAgain(Client& client, Stub& stub,
                                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   const Request& request, absl::Duration timeout = absl::Minutes(1),
                                   PatienceOptions options = {}) {
  Patience patience(client, std::move(options));
  absl::StatusOr<Response> answer = Call(stub, method, request, timeout);
  while (absl::IsUnavailable(answer.status()) && patience.TryAgain()) answer = Call(stub, method, request, timeout);
  return answer;
}

}  // namespace trainyard::client

#endif  // TRAINYARD_CLIENT_CPP_CALL_AGAIN_H_
