// The smallest minibatch that keeps the machine busy.

#ifndef TRAINYARD_SERVER_RUN_EFFICIENT_MINIBATCH_H_
#define TRAINYARD_SERVER_RUN_EFFICIENT_MINIBATCH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "core/train/step_probe.h"

namespace trainyard {

// The seconds that a step takes at minibatches of 1, 2, 4, ... 1,024 examples: the best of a few steps each, within some 200 ms in all.
// There are fewer where that time does not suffice, at least two.
std::vector<double> MeasureStepSeconds(StepProbe& probe);

// The smallest power of 2 that reaches 80 % of the examples a second of a minibatch of 1,024. `step_seconds` as above; what lies beyond
// goes on in a straight line.
int64_t SmallestEfficientMinibatch(std::span<const double> step_seconds);

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_EFFICIENT_MINIBATCH_H_
