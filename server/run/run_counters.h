// What jobs and models count. Steps are counted at the end of a slice: a step itself counts nothing.

#ifndef TRAINYARD_SERVER_RUN_RUN_COUNTERS_H_
#define TRAINYARD_SERVER_RUN_RUN_COUNTERS_H_

#include <array>

#include "server/base/counters.h"
#include "trainyard/v1/event.pb.h"

namespace trainyard {

struct RunCounters {
  // Computed; those that a recovery computes again are counted again.
  Counter steps;
  Counter examples;

  // Jobs that are in a state now; of the states that are not terminal.
  std::array<Counter, v1::State_ARRAYSIZE> in_state;

  // Jobs that ended, by state and reason.
  std::array<std::array<Counter, v1::StopReason_ARRAYSIZE>, v1::State_ARRAYSIZE> ended;

  // From submit to the first step.
  DurationHistogram queue_wait;

  // Encoding a checkpoint and writing it.
  DurationHistogram checkpoint;

  // Of models, as files.
  Counter exported_bytes;
};

}  // namespace trainyard

#endif  // TRAINYARD_SERVER_RUN_RUN_COUNTERS_H_
