// Models: what jobs leave behind, put to use.

#ifndef TRAINYARD_SERVER_RUN_MODEL_TABLE_H_
#define TRAINYARD_SERVER_RUN_MODEL_TABLE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/model/predictor.h"
#include "server/run/job_table.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// Thread-safe. Every method may touch the disk: never on a gRPC thread. Errors are those of ModelService.
class ModelTable {
 public:
  // All must outlive this.
  ModelTable(const RunServices& services, JobTable& jobs) : services_(services), jobs_(jobs) {}

  absl::StatusOr<v1::Model> Get(const std::string& name);
  absl::StatusOr<v1::ListModelsResponse> List(const v1::ListModelsRequest& request);

  // Asked between blocks of rows; true ends the work with CANCELLED.
  using Cancelled = std::function<bool()>;
  absl::StatusOr<v1::PredictResponse> Predict(const v1::PredictRequest& request, const Cancelled& cancelled);
  absl::StatusOr<v1::EvaluateResponse> Evaluate(const v1::EvaluateRequest& request, const Cancelled& cancelled);

  // The whole file.
  absl::StatusOr<std::string> Export(const v1::ExportModelRequest& request);

  absl::Status Delete(const v1::DeleteModelRequest& request);

 private:
  // A model with its parameters, ready for use.
  struct Loaded {
    v1::Model model;
    Encoding encoding;
    std::string parameters;  // in logical order
    std::unique_ptr<Predictor> predictor;
  };
  absl::StatusOr<Checkpoint> NewestCheckpoint(JobKey job, const std::string& name);
  absl::StatusOr<std::unique_ptr<Loaded>> Load(const std::string& name, std::string_view field);
  absl::StatusOr<std::string> MakeFile(const v1::ExportModelRequest& request);

  const RunServices services_;
  JobTable& jobs_;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_MODEL_TABLE_H_
