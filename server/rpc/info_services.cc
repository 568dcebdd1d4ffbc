#include "server/rpc/info_services.h"

#include "server/rpc/reply.h"
#include "server/run/preview_schedule.h"

namespace trainyard {

grpc::ServerUnaryReactor* InsightService::CheckJob(grpc::CallbackServerContext* context,
                                                   const v1::CheckJobRequest* request, v1::CheckJobResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool_, response, [this, request] {
    return trainyard::CheckJob(request->spec(), limits_, datasets_, catalogue_, saver_);
  });
}

grpc::ServerUnaryReactor* InsightService::PreviewSchedule(grpc::CallbackServerContext* context,
                                                          const v1::PreviewScheduleRequest* request,
                                                          v1::PreviewScheduleResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool_, response,
               [this, request] { return trainyard::PreviewSchedule(*request, limits_, datasets_); });
}

grpc::ServerUnaryReactor* ServerService::GetServerInfo(grpc::CallbackServerContext* context,
                                                       const v1::GetServerInfoRequest* request,
                                                       v1::ServerInfo* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool_, response,
               [this]() -> absl::StatusOr<v1::ServerInfo> {
                 v1::ServerInfo info = constant_;
                 const JobTable::Counts counts = jobs_.Count();
                 info.set_active_jobs(counts.active);
                 info.set_queued_jobs(counts.queued);
                 info.set_watchers(watchers_.size());
                 return info;
               });
}

}  // namespace trainyard
