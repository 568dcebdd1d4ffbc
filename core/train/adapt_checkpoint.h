// A checkpoint of one run as the beginning of another that differs in its options, not in its data, network or precision.
//
// Parameters, step, counts and the minibatch position stay. What belongs to an option that changed begins anew: the optimiser's state with
// the update rule or the penalties (a velocity is taken over where both rules have one), what early stopping remembers with its metric (the
// loss is another one with the loss) or its average, a schedule's state with the schedule or its metric, what was rolled back with the
// policy. Nothing else changes a bit.

#ifndef TRAINYARD_CORE_TRAIN_ADAPT_CHECKPOINT_H_
#define TRAINYARD_CORE_TRAIN_ADAPT_CHECKPOINT_H_

#include <functional>

#include "absl/status/statusor.h"
#include "core/train/checkpoint.h"
#include "core/train/options.h"

namespace trainyard {

// `checkpoint` is of a run of the options `then`. `make_fresh` gives the state in which a run of the options `now` would begin; it is asked
// only where something begins anew. Its errors are passed on.
absl::StatusOr<Checkpoint> AdaptCheckpoint(Checkpoint checkpoint, const TrainingOptions& then,
                                           const TrainingOptions& now,
                                           const std::function<absl::StatusOr<Checkpoint>()>& make_fresh);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_ADAPT_CHECKPOINT_H_
