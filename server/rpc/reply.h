// How every unary handler answers: the gate has its word, the work runs on the pool for blocking work, and its status becomes the call's.

#ifndef TRAINYARD_SERVER_RPC_REPLY_H_
#define TRAINYARD_SERVER_RPC_REPLY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/worker_pool.h"
#include "google/protobuf/empty.pb.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/gate.h"

namespace trainyard {

// With google.rpc details.
grpc::Status ToGrpcStatus(const absl::Status& status);

// Why a call whose turn has come is not to be made: it was not admitted, or nobody awaits its answer any more.
absl::Status WhyNot(const grpc::CallbackServerContext& context, const Admission& admission);

// Runs `work`, which fills *response or fails, if the call is to be made; records how it ended, and finishes the call.
template <typename Response, typename Work>
grpc::ServerUnaryReactor* Reply(grpc::CallbackServerContext* context, Admission admission, WorkerPool& pool,
                                Response* response, Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Submit([context, reactor, response, admission = std::move(admission), work = std::move(work)]() mutable {
    const absl::Status why_not = WhyNot(*context, admission);
    absl::StatusOr<Response> result = why_not.ok() ? work() : absl::StatusOr<Response>(why_not);
    std::string resource;
    if constexpr (requires { result->name(); }) {
      if (result.ok()) resource = result->name();
    }
    admission.Record(result.status(), resource);
    if (result.ok()) *response = *std::move(result);
    reactor->Finish(ToGrpcStatus(result.status()));
  });
  return reactor;
}

// For methods that answer nothing.
template <typename Work>
grpc::ServerUnaryReactor* ReplyEmpty(grpc::CallbackServerContext* context, Admission admission, WorkerPool& pool,
                                     Work work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  pool.Submit([context, reactor, admission = std::move(admission), work = std::move(work)]() mutable {
    const absl::Status why_not = WhyNot(*context, admission);
    const absl::Status status = why_not.ok() ? work() : why_not;
    admission.Record(status);
    reactor->Finish(ToGrpcStatus(status));
  });
  return reactor;
}

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_REPLY_H_
