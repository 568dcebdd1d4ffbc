// InsightService and ServerService: what can be known before a run, and of the server itself.

#ifndef TRAINYARD_SERVER_RPC_INFO_SERVICES_H_
#define TRAINYARD_SERVER_RPC_INFO_SERVICES_H_

#include "core/base/worker_pool.h"
#include "server/rpc/gate.h"
#include "server/rpc/watch_table.h"
#include "server/run/check_spec.h"
#include "server/run/job_table.h"
#include "trainyard/v1/insight.grpc.pb.h"
#include "trainyard/v1/server.grpc.pb.h"

namespace trainyard {

class InsightService final : public v1::InsightService::CallbackService {
 public:
  // All but `limits` must outlive this.
  InsightService(const SpecLimits& limits, DatasetTable& datasets, const Catalogue& catalogue,
                 const CheckpointSaver& saver, const Gate& gate, WorkerPool& pool)
      : limits_(limits), datasets_(datasets), catalogue_(catalogue), saver_(saver), gate_(gate), pool_(pool) {}

  grpc::ServerUnaryReactor* CheckJob(grpc::CallbackServerContext* context, const v1::CheckJobRequest* request,
                                     v1::CheckJobResponse* response) override;
  grpc::ServerUnaryReactor* PreviewSchedule(grpc::CallbackServerContext* context,
                                            const v1::PreviewScheduleRequest* request,
                                            v1::PreviewScheduleResponse* response) override;

 private:
  const SpecLimits limits_;
  DatasetTable& datasets_;
  const Catalogue& catalogue_;
  const CheckpointSaver& saver_;
  const Gate& gate_;
  WorkerPool& pool_;
};

class ServerService final : public v1::ServerService::CallbackService {
 public:
  // `constant` is what does not change while the server lives. All must outlive this.
  ServerService(v1::ServerInfo constant, JobTable& jobs, WatchTable& watchers, const Gate& gate, WorkerPool& pool)
      : constant_(std::move(constant)), jobs_(jobs), watchers_(watchers), gate_(gate), pool_(pool) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context, const v1::GetServerInfoRequest* request,
                                          v1::ServerInfo* response) override;

 private:
  const v1::ServerInfo constant_;
  JobTable& jobs_;
  WatchTable& watchers_;
  const Gate& gate_;
  WorkerPool& pool_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_INFO_SERVICES_H_
