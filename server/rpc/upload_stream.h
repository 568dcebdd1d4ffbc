// One UploadData call: reads a chunk, writes it on the pool for blocking work, reads the next.

#ifndef TRAINYARD_SERVER_RPC_UPLOAD_STREAM_H_
#define TRAINYARD_SERVER_RPC_UPLOAD_STREAM_H_

#include <memory>
#include <string>

#include "core/base/worker_pool.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/gate.h"
#include "server/run/dataset_table.h"
#include "trainyard/v1/dataset.pb.h"

namespace trainyard {

// Deletes itself. One read or one task is under way at a time, so nothing needs a lock.
class UploadStream final : public grpc::ServerReadReactor<v1::UploadDataRequest> {
 public:
  UploadStream(Admission admission, DatasetTable& datasets, WorkerPool& pool, v1::Upload* response);

  void OnReadDone(bool ok) override;
  void OnDone() override;

 private:
  absl::Status Write();
  absl::Status Close();
  void End(const absl::Status& status);

  const Admission admission_;
  DatasetTable& datasets_;
  WorkerPool& pool_;
  v1::Upload* const response_;
  v1::UploadDataRequest request_;
  std::string upload_;  // its name, once it is known
  std::unique_ptr<DatasetTable::Writer> writer_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_UPLOAD_STREAM_H_
