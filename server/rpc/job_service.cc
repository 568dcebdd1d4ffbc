#include "server/rpc/job_service.h"

#include "server/rpc/reply.h"

namespace trainyard {

grpc::ServerUnaryReactor* JobService::CreateJob(grpc::CallbackServerContext* context,
                                                const v1::CreateJobRequest* request, v1::Job* response) {
  const Admission admission = gate_.Authorize(*context, Role::kTrain, *request);
  return Reply(context, admission, pools_.writes, response,
               [this, request, caller = admission.caller()] { return jobs_.Create(*request, caller); });
}

grpc::ServerUnaryReactor* JobService::GetJob(grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
                                             v1::Job* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return jobs_.Get(request->name()); });
}

grpc::ServerUnaryReactor* JobService::ListJobs(grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
                                               v1::ListJobsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return jobs_.List(*request); });
}

grpc::ServerUnaryReactor* JobService::ListEvents(grpc::CallbackServerContext* context,
                                                 const v1::ListEventsRequest* request,
                                                 v1::ListEventsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return trainyard::ListEvents(*request, jobs_, log_); });
}

grpc::ServerUnaryReactor* JobService::GetMetrics(grpc::CallbackServerContext* context,
                                                 const v1::GetMetricsRequest* request,
                                                 v1::GetMetricsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return trainyard::GetMetrics(*request, jobs_, log_); });
}

grpc::ServerUnaryReactor* JobService::CancelJob(grpc::CallbackServerContext* context,
                                                const v1::CancelJobRequest* request, v1::Job* response) {
  return Reply(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.writes, response,
               [this, request] { return jobs_.Cancel(request->name()); });
}

grpc::ServerUnaryReactor* JobService::PauseJob(grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
                                               v1::Job* response) {
  return Reply(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.writes, response,
               [this, request] { return jobs_.Pause(request->name()); });
}

grpc::ServerUnaryReactor* JobService::ResumeJob(grpc::CallbackServerContext* context,
                                                const v1::ResumeJobRequest* request, v1::Job* response) {
  return Reply(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.writes, response,
               [this, request] { return jobs_.Resume(*request); });
}

grpc::ServerUnaryReactor* JobService::UpdateJob(grpc::CallbackServerContext* context,
                                                const v1::UpdateJobRequest* request, v1::Job* response) {
  return Reply(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.writes, response,
               [this, request] { return jobs_.Update(*request); });
}

// A fork reads all rows, as a job that begins with another's parameters does.
grpc::ServerUnaryReactor* JobService::ForkJob(grpc::CallbackServerContext* context, const v1::ForkJobRequest* request,
                                              v1::Job* response) {
  const Admission admission = gate_.Authorize(*context, Role::kTrain, *request);
  return Reply(context, admission, pools_.lasting_writes, response,
               [this, request, caller = admission.caller()] { return jobs_.Fork(*request, caller); });
}

// It computes as much as a job.
grpc::ServerUnaryReactor* JobService::VerifyJob(grpc::CallbackServerContext* context,
                                                const v1::VerifyJobRequest* request, v1::VerifyJobResponse* response) {
  return Reply(
      context, gate_.Authorize(*context, Role::kTrain, *request), pools_.lasting_reads, response,
      [this, context, request] { return jobs_.Verify(*request, [context] { return context->IsCancelled(); }); });
}

grpc::ServerUnaryReactor* JobService::DeleteJob(grpc::CallbackServerContext* context,
                                                const v1::DeleteJobRequest* request, google::protobuf::Empty*) {
  return ReplyEmpty(context, gate_.Authorize(*context, Role::kAdmin, *request), pools_.writes,
                    [this, request] { return jobs_.Delete(*request); });
}

}  // namespace trainyard
