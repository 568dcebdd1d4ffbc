// Steps of a run at minibatch sizes of one's choice, to be timed: all that a step does, but the parameters do not move.

#ifndef TRAINYARD_CORE_TRAIN_STEP_PROBE_H_
#define TRAINYARD_CORE_TRAIN_STEP_PROBE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "core/train/checkpoint.h"
#include "core/train/trainer.h"

namespace trainyard {

// Not thread-safe.
class StepProbe {
 public:
  virtual ~StepProbe() = default;

  // One step over a minibatch of `size` >= 1 examples; the training part is repeated where it has fewer.
  virtual void Step(int64_t size) = 0;
};

// At `state`'s parameters; `plan` and `data` must outlive the probe.
// INVALID_ARGUMENT: as MakeTrainer. DATA_LOSS: a state of another run.
absl::StatusOr<std::unique_ptr<StepProbe>> MakeStepProbe(const RunPlan& plan, const TrainingData& data,
                                                         const Checkpoint& state);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_STEP_PROBE_H_
