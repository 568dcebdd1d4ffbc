// Runs that begin with another run's parameters.

#ifndef TRAINYARD_SERVER_RUN_WARM_START_H_
#define TRAINYARD_SERVER_RUN_WARM_START_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/trainer.h"
#include "server/run/checkpoint_saver.h"
#include "server/store/catalogue.h"
#include "trainyard/v1/model.pb.h"

namespace trainyard {

// What a run takes over.
struct WarmStart {
  InitialStateOptions state;
  std::string parameters_digest;  // of the source's parameters, in its own precision
};

// Reads the source that `plan.options.warm_start` names. It has a value. Never on a gRPC thread.
// INVALID_ARGUMENT: a FieldError: a name that is none; a job without checkpoint or without one of that step; another digest than the
// given; features, classes or tensors that differ from the plan's. NOT_FOUND: no such model or job. DATA_LOSS: a damaged checkpoint.
absl::StatusOr<WarmStart> ReadWarmStart(const RunPlan& plan, const Catalogue& catalogue, const CheckpointSaver& saver);

// INVALID_ARGUMENT: features, classes or tensors of the plan that are not those of `model`. `field` and `name` are what the user calls it.
absl::Status CheckFit(const RunPlan& plan, std::string_view field, std::string_view name, const v1::Model& model);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_WARM_START_H_
