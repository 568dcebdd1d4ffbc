// One ExportModel call: a file in pieces.

#ifndef TRAINYARD_SERVER_RPC_EXPORT_STREAM_H_
#define TRAINYARD_SERVER_RPC_EXPORT_STREAM_H_

#include <string>

#include "core/base/worker_pool.h"
#include "grpcpp/grpcpp.h"
#include "server/rpc/gate.h"
#include "server/run/model_table.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// Deletes itself.
class ExportStream final : public grpc::ServerWriteReactor<v1::ExportModelResponse> {
 public:
  ExportStream(const grpc::CallbackServerContext& context, const Admission& admission, ModelTable& models,
               WorkerPool& pool, v1::ExportModelRequest request);

  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void WriteNext();

  const v1::ExportModelRequest request_;
  std::string file_;
  size_t written_ = 0;
  v1::ExportModelResponse response_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RPC_EXPORT_STREAM_H_
