// JobService: converts, calls once, converts back.

#ifndef TRAINYARD_SERVER_RPC_JOB_SERVICE_H_
#define TRAINYARD_SERVER_RPC_JOB_SERVICE_H_

#include "server/rpc/call_pools.h"
#include "server/rpc/gate.h"
#include "server/run/job_table.h"
#include "server/run/metrics.h"
#include "trainyard/v1/job.grpc.pb.h"

namespace trainyard {

class JobService final : public v1::JobService::CallbackService {
 public:
  // All must outlive this.
  JobService(JobTable& jobs, EventLog& log, const Gate& gate, CallPools& pools)
      : jobs_(jobs), log_(log), gate_(gate), pools_(pools) {}

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context, const v1::CreateJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
                                   v1::Job* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context, const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;
  grpc::ServerUnaryReactor* GetMetrics(grpc::CallbackServerContext* context, const v1::GetMetricsRequest* request,
                                       v1::GetMetricsResponse* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context, const v1::CancelJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
                                     v1::Job* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context, const v1::ResumeJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context, const v1::UpdateJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* ForkJob(grpc::CallbackServerContext* context, const v1::ForkJobRequest* request,
                                    v1::Job* response) override;
  grpc::ServerUnaryReactor* VerifyJob(grpc::CallbackServerContext* context, const v1::VerifyJobRequest* request,
                                      v1::VerifyJobResponse* response) override;
  grpc::ServerUnaryReactor* DeleteJob(grpc::CallbackServerContext* context, const v1::DeleteJobRequest* request,
                                      google::protobuf::Empty* response) override;

 private:
  JobTable& jobs_;
  EventLog& log_;
  const Gate& gate_;
  CallPools& pools_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_JOB_SERVICE_H_
