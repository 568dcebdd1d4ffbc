// When a run ends at the latest, in steps.

#ifndef TRAINYARD_CORE_TRAIN_BUDGET_H_
#define TRAINYARD_CORE_TRAIN_BUDGET_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "core/data/minibatches.h"
#include "core/train/options.h"
#include "core/train/run_events.h"

namespace trainyard {

inline constexpr int64_t kDefaultEpochs = 10;

// Where no limit is given, kDefaultEpochs.
BudgetOptions WithDefault(BudgetOptions options);

// INVALID_ARGUMENT: a limit that is not positive, or larger than 10^15; a target metric that is not finite, or without any limit.
absl::Status Validate(const BudgetOptions& options);

// The first of the limits that can be counted in steps, and which it is. nullopt: only time limits the run.
struct StepLimit {
  int64_t steps = 0;
  StopReason reason = StopReason::kSteps;

  friend bool operator==(const StepLimit&, const StepLimit&) = default;
};
std::optional<StepLimit> FirstLimit(const BudgetOptions& options, const Epoch& epoch);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_BUDGET_H_
