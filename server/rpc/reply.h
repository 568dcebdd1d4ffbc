// How every unary handler answers: the work runs on the pool for blocking work, and its status becomes the call's.

#ifndef TRAINYARD_SERVER_RPC_REPLY_H_
#define TRAINYARD_SERVER_RPC_REPLY_H_

#include <utility>

#include "absl/status/statusor.h"
#include "core/base/worker_pool.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/grpcpp.h"

namespace trainyard {

// With google.rpc details.
grpc::Status ToGrpcStatus(const absl::Status& status);

// UNAVAILABLE (DRAINING): the server is about to stop.
absl::Status Draining();

// Runs `work`, which fills *response or fails, then finishes the call.
template <typename Response, typename Work>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context, WorkerPool& pool, Response* response, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Submit([reactor, response, work = std::move(work)]() mutable {
    absl::StatusOr<Response> result = work();
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpcStatus(result.status()));
  });
  return reactor;
}

// For methods that answer nothing.
template <typename Work>
grpc::ServerUnaryReactor* ReplyEmpty(grpc::CallbackServerContext* context, WorkerPool& pool, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Submit([reactor, work = std::move(work)]() mutable { reactor->Finish(ToGrpcStatus(work())); });
  return reactor;
}

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_REPLY_H_
