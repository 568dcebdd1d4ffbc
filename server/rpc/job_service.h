// JobService: converts, calls once, converts back.

#ifndef TRAINYARD_SERVER_RPC_JOB_SERVICE_H_
#define TRAINYARD_SERVER_RPC_JOB_SERVICE_H_

#include "core/base/worker_pool.h"
#include "server/rpc/gate.h"
#include "server/run/job_table.h"
#include "server/run/metrics.h"
#include "trainyard/v1/job.grpc.pb.h"

namespace trainyard {

class JobService final : public v1::JobService::CallbackService {
 public:
  // All must outlive this. `lasting`: for calls that go through all rows of a data set, so that no other waits for them.
  JobService(JobTable& jobs, EventLog& log, const Gate& gate, WorkerPool& pool, WorkerPool& lasting)
      : jobs_(jobs), log_(log), gate_(gate), pool_(pool), lasting_(lasting) {}

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
  WorkerPool& pool_;
  WorkerPool& lasting_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_JOB_SERVICE_H_
