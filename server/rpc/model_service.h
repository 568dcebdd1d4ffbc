// ModelService: converts, calls once, converts back.

#ifndef TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_
#define TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_

#include "server/rpc/call_pools.h"
#include "server/rpc/gate.h"
#include "server/run/model_table.h"
#include "trainyard/v1/model.grpc.pb.h"

namespace trainyard {

class ModelService final : public v1::ModelService::CallbackService {
 public:
  // All must outlive this.
  ModelService(ModelTable& models, const Gate& gate, CallPools& pools) : models_(models), gate_(gate), pools_(pools) {}

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
  CallPools& pools_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_MODEL_SERVICE_H_
