// Whether a data set is still the one that a job was trained on.

#ifndef TRAINYARD_SERVER_RUN_SAME_DATA_H_
#define TRAINYARD_SERVER_RUN_SAME_DATA_H_

#include "absl/status/status.h"
#include "core/train/trainer.h"
#include "trainyard/v1/job.pb.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// `plan`: of the data set that has the name now; `model`: what `job` has trained. Their encodings are compared: equal rows give equal
// statistics. FAILED_PRECONDITION (DATASET_CHANGED, with the `dataset`).
absl::Status CheckSameData(const RunPlan& plan, const v1::Job& job, const v1::Model& model);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_SAME_DATA_H_
