// A job's specification, checked against the data sets that it names.

#ifndef TRAINYARD_SERVER_RUN_CHECK_SPEC_H_
#define TRAINYARD_SERVER_RUN_CHECK_SPEC_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/train/trainer.h"
#include "server/run/checkpoint_saver.h"
#include "server/run/dataset_table.h"
#include "server/store/catalogue.h"
#include "trainyard/v1/insight.pb.h"
#include "trainyard/v1/spec.pb.h"

namespace trainyard {

struct SpecLimits {
  // That all runs together may take, and thereby the largest.
  int64_t memory_bytes = int64_t{4} << 30;

  // Of initial parameters and velocity.
  int64_t initial_state_bytes = 16 << 20;
};

// The data sets that the options name. NOT_FOUND, or INVALID_ARGUMENT: a name that is none.
absl::StatusOr<TrainingData> OpenData(const TrainingDataOptions& options, DatasetTable& datasets);

// Everything that CreateJob checks. Never on a gRPC thread.
absl::StatusOr<CheckedRun> CheckSpec(const v1::JobSpec& spec, const SpecLimits& limits, DatasetTable& datasets);

// InsightService.CheckJob: the same, and all that a look at the rows and a few steps tell.
absl::StatusOr<v1::CheckJobResponse> CheckJob(const v1::JobSpec& spec, const SpecLimits& limits, DatasetTable& datasets,
                                              const Catalogue& catalogue, const CheckpointSaver& saver);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_CHECK_SPEC_H_
