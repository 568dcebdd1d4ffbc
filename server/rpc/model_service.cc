#include "server/rpc/model_service.h"

#include "server/rpc/export_stream.h"
#include "server/rpc/reply.h"

namespace trainyard {

grpc::ServerUnaryReactor* ModelService::GetModel(grpc::CallbackServerContext* context,
                                                 const v1::GetModelRequest* request, v1::Model* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return models_.Get(request->name()); });
}

grpc::ServerUnaryReactor* ModelService::ListModels(grpc::CallbackServerContext* context,
                                                   const v1::ListModelsRequest* request,
                                                   v1::ListModelsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return models_.List(*request); });
}

grpc::ServerUnaryReactor* ModelService::Predict(grpc::CallbackServerContext* context, const v1::PredictRequest* request,
                                                v1::PredictResponse* response) {
  WorkerPool& pool = request->has_dataset() ? pools_.lasting_reads : pools_.reads;
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pool, response, [this, context, request] {
    return models_.Predict(*request, [context] { return context->IsCancelled(); });
  });
}

grpc::ServerUnaryReactor* ModelService::Evaluate(grpc::CallbackServerContext* context,
                                                 const v1::EvaluateRequest* request, v1::EvaluateResponse* response) {
  return Reply(
      context, gate_.Authorize(*context, Role::kRead, *request), pools_.lasting_reads, response,
      [this, context, request] { return models_.Evaluate(*request, [context] { return context->IsCancelled(); }); });
}

grpc::ServerWriteReactor<v1::ExportModelResponse>* ModelService::ExportModel(grpc::CallbackServerContext* context,
                                                                             const v1::ExportModelRequest* request) {
  return new ExportStream(*context, gate_.Authorize(*context, Role::kRead, *request), models_, pools_.reads, *request);
}

grpc::ServerUnaryReactor* ModelService::DeleteModel(grpc::CallbackServerContext* context,
                                                    const v1::DeleteModelRequest* request, google::protobuf::Empty*) {
  return ReplyEmpty(context, gate_.Authorize(*context, Role::kAdmin, *request), pools_.writes,
                    [this, request] { return models_.Delete(*request); });
}

}  // namespace trainyard
