// DatasetService: converts, calls once, converts back.

#ifndef TRAINYARD_SERVER_RPC_DATASET_SERVICE_H_
#define TRAINYARD_SERVER_RPC_DATASET_SERVICE_H_

#include "server/rpc/call_pools.h"
#include "server/rpc/gate.h"
#include "server/run/dataset_table.h"
#include "trainyard/v1/dataset.grpc.pb.h"

namespace trainyard {

class DatasetService final : public v1::DatasetService::CallbackService {
 public:
  // All must outlive this.
  DatasetService(DatasetTable& datasets, const Gate& gate, CallPools& pools)
      : datasets_(datasets), gate_(gate), pools_(pools) {}

  grpc::ServerUnaryReactor* CreateUpload(grpc::CallbackServerContext* context, const v1::CreateUploadRequest* request,
                                         v1::Upload* response) override;
  grpc::ServerReadReactor<v1::UploadDataRequest>* UploadData(grpc::CallbackServerContext* context,
                                                             v1::Upload* response) override;
  grpc::ServerUnaryReactor* GetUpload(grpc::CallbackServerContext* context, const v1::GetUploadRequest* request,
                                      v1::Upload* response) override;
  grpc::ServerUnaryReactor* CommitUpload(grpc::CallbackServerContext* context, const v1::CommitUploadRequest* request,
                                         v1::Dataset* response) override;
  grpc::ServerUnaryReactor* DeleteUpload(grpc::CallbackServerContext* context, const v1::DeleteUploadRequest* request,
                                         google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* GetDataset(grpc::CallbackServerContext* context, const v1::GetDatasetRequest* request,
                                       v1::Dataset* response) override;
  grpc::ServerUnaryReactor* ListDatasets(grpc::CallbackServerContext* context, const v1::ListDatasetsRequest* request,
                                         v1::ListDatasetsResponse* response) override;
  grpc::ServerUnaryReactor* ReadExamples(grpc::CallbackServerContext* context, const v1::ReadExamplesRequest* request,
                                         v1::Table* response) override;
  grpc::ServerUnaryReactor* DeleteDataset(grpc::CallbackServerContext* context, const v1::DeleteDatasetRequest* request,
                                          google::protobuf::Empty* response) override;

 private:
  DatasetTable& datasets_;
  const Gate& gate_;
  CallPools& pools_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_DATASET_SERVICE_H_
