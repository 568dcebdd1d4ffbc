#include "server/rpc/model_service.h"

#include "server/rpc/export_stream.h"
#include "server/rpc/reply.h"

namespace trainyard {

grpc::ServerUnaryReactor* ModelService::GetModel(grpc::CallbackServerContext* context,
                                                 const v1::GetModelRequest* request, v1::Model* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool_, response,
               [this, request] { return models_.Get(request->name()); });
}

grpc::ServerUnaryReactor* ModelService::ListModels(grpc::CallbackServerContext* context,
                                                   const v1::ListModelsRequest* request,
                                                   v1::ListModelsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool_, response,
               [this, request] { return models_.List(*request); });
}

grpc::ServerUnaryReactor* ModelService::Predict(grpc::CallbackServerContext* context, const v1::PredictRequest* request,
                                                v1::PredictResponse* response) {
  WorkerPool& pool = request->has_dataset() ? lasting_ : pool_;
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool, response, [this, context, request] {
    return models_.Predict(*request, [context] { return context->IsCancelled(); });
  });
}

grpc::ServerUnaryReactor* ModelService::Evaluate(grpc::CallbackServerContext* context,
                                                 const v1::EvaluateRequest* request, v1::EvaluateResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), lasting_, response, [this, context, request] {
    return models_.Evaluate(*request, [context] { return context->IsCancelled(); });
  });
}

grpc::ServerWriteReactor<v1::ExportModelResponse>* ModelService::ExportModel(grpc::CallbackServerContext* context,
                                                                             const v1::ExportModelRequest* request) {
  return new ExportStream(*context, gate_.Authorize(*context, Role::kRead, *request), models_, pool_, *request);
}

grpc::ServerUnaryReactor* ModelService::DeleteModel(grpc::CallbackServerContext* context,
                                                    const v1::DeleteModelRequest* request, google::protobuf::Empty*) {
  return ReplyEmpty(context, gate_.Authorize(*context, Role::kAdmin, *request), pool_,
                    [this, request] { return models_.Delete(*request); });
}

}  // namespace trainyard
