// What a run begins with where it does not draw all of it: another run's parameters, or values that came with the request. The run keeps it
// as its first checkpoint, so that neither its job nor its options hold the values.

#ifndef TRAINYARD_SERVER_RUN_FIRST_STATE_H_
#define TRAINYARD_SERVER_RUN_FIRST_STATE_H_

#include <optional>

#include "absl/status/statusor.h"
#include "core/train/trainer.h"
#include "server/run/checkpoint_saver.h"
#include "server/store/catalogue.h"
#include "trainyard/v1/job.pb.h"

namespace trainyard {

// Takes it out of `plan.options`, which have its digests from then on; nullopt: all is drawn. Never on a gRPC thread.
// Errors are those of ReadWarmStart. INVALID_ARGUMENT: a FieldError: a digest that is not that of the parameters.
absl::StatusOr<std::optional<Checkpoint>> TakeFirstState(RunPlan& plan, const TrainingData& data,
                                                         const Catalogue& catalogue, const CheckpointSaver& saver);

// Whether the job's first attempt begins with a checkpoint.
bool BeginsWithCheckpoint(const v1::Job& job);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_FIRST_STATE_H_
