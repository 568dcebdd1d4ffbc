// ModelService: converts, calls once, converts back.

#ifndef TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_
#define TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_

#include "core/base/worker_pool.h"
#include "server/rpc/gate.h"
#include "server/run/model_table.h"
#include "trainyard/v1/model.grpc.pb.h"

namespace trainyard {

class ModelService final : public v1::ModelService::CallbackService {
 public:
  // All must outlive this. `lasting`: for calls that go through all rows of a data set, so that no other waits for them.
  ModelService(ModelTable& models, const Gate& gate, WorkerPool& pool, WorkerPool& lasting)
      : models_(models), gate_(gate), pool_(pool), lasting_(lasting) {}

  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const v1::GetModelRequest* request,
                                     v1::Model* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context, const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* Predict(grpc::CallbackServerContext* context, const v1::PredictRequest* request,
                                    v1::PredictResponse* response) override;
  grpc::ServerUnaryReactor* Evaluate(grpc::CallbackServerContext* context, const v1::EvaluateRequest* request,
                                     v1::EvaluateResponse* response) override;
  grpc::ServerWriteReactor<v1::ExportModelResponse>* ExportModel(grpc::CallbackServerContext* context,
                                                                 const v1::ExportModelRequest* request) override;
  grpc::ServerUnaryReactor* DeleteModel(grpc::CallbackServerContext* context, const v1::DeleteModelRequest* request,
                                        google::protobuf::Empty* response) override;

 private:
  ModelTable& models_;
  const Gate& gate_;
  WorkerPool& pool_;
  WorkerPool& lasting_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_
