#include "server/rpc/dataset_service.h"

#include "server/rpc/reply.h"
#include "server/rpc/upload_stream.h"

namespace trainyard {

grpc::ServerUnaryReactor* DatasetService::CreateUpload(grpc::CallbackServerContext* context,
                                                       const v1::CreateUploadRequest* request, v1::Upload* response) {
  const Admission admission = gate_.Authorize(*context, Role::kTrain, *request);
  return Reply(context, admission, pools_.writes, response,
               [this, request, caller = admission.caller()] { return datasets_.CreateUpload(*request, caller); });
}

grpc::ServerReadReactor<v1::UploadDataRequest>* DatasetService::UploadData(grpc::CallbackServerContext* context,
                                                                           v1::Upload* response) {
  return new UploadStream(gate_.Authorize(*context, Role::kTrain, v1::UploadDataRequest()), datasets_, pools_.writes,
                          response);
}

grpc::ServerUnaryReactor* DatasetService::GetUpload(grpc::CallbackServerContext* context,
                                                    const v1::GetUploadRequest* request, v1::Upload* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return datasets_.GetUpload(request->name()); });
}

grpc::ServerUnaryReactor* DatasetService::CommitUpload(grpc::CallbackServerContext* context,
                                                       const v1::CommitUploadRequest* request, v1::Dataset* response) {
  return Reply(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.lasting_writes, response,
               [this, request] { return datasets_.Commit(*request); });
}

grpc::ServerUnaryReactor* DatasetService::DeleteUpload(grpc::CallbackServerContext* context,
                                                       const v1::DeleteUploadRequest* request,
                                                       google::protobuf::Empty*) {
  return ReplyEmpty(context, gate_.Authorize(*context, Role::kTrain, *request), pools_.writes,
                    [this, request] { return datasets_.DeleteUpload(request->name()); });
}

grpc::ServerUnaryReactor* DatasetService::GetDataset(grpc::CallbackServerContext* context,
                                                     const v1::GetDatasetRequest* request, v1::Dataset* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return datasets_.Get(request->name()); });
}

grpc::ServerUnaryReactor* DatasetService::ListDatasets(grpc::CallbackServerContext* context,
                                                       const v1::ListDatasetsRequest* request,
                                                       v1::ListDatasetsResponse* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return datasets_.List(*request); });
}

grpc::ServerUnaryReactor* DatasetService::ReadExamples(grpc::CallbackServerContext* context,
                                                       const v1::ReadExamplesRequest* request, v1::Table* response) {
  return Reply(context, gate_.Authorize(*context, Role::kRead, *request), pools_.reads, response,
               [this, request] { return datasets_.ReadExamples(*request); });
}

grpc::ServerUnaryReactor* DatasetService::DeleteDataset(grpc::CallbackServerContext* context,
                                                        const v1::DeleteDatasetRequest* request,
                                                        google::protobuf::Empty*) {
  return ReplyEmpty(context, gate_.Authorize(*context, Role::kAdmin, *request), pools_.writes,
                    [this, request] { return datasets_.Delete(*request); });
}

}  // namespace trainyard
