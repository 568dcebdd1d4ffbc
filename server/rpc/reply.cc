#include "server/rpc/reply.h"

#include "core/base/status.h"
#include "server/wire/status.h"

namespace trainyard {

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status message = ToProto(status);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message.message(), message.SerializeAsString());
}

absl::Status WhyNot(const grpc::CallbackServerContext& context, const Admission& admission) {
  if (!admission.status().ok() || !context.IsCancelled()) return admission.status();
  return absl::CancelledError("the caller has gone");
}

}  // namespace trainyard
