// A learning rate as a function of the step and, where a schedule watches a metric, of its values so far.

#ifndef TRAINYARD_CORE_OPTIM_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_SCHEDULE_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/metric.h"
#include "core/optim/length.h"

namespace trainyard {

// The best value of a watched metric so far.
struct WatchedBest {
  double value = std::numeric_limits<double>::quiet_NaN();
  int64_t step = 0;
};

// One run's state. Not thread-safe; a run owns its own.
class Schedule {
 public:
  virtual ~Schedule() = default;

  // eps_k, k >= 0, after what was observed so far.
  virtual double At(int64_t step) const = 0;

  // The metric of the validation part that the schedule watches; nullopt: the step alone decides.
  virtual std::optional<Metric> metric() const { return std::nullopt; }

  // Takes the metric's value at `step`; whether the rates of the steps to come are lower for it.
  virtual bool Observe(int64_t, double) { return false; }

  // nullopt as long as there is none.
  virtual std::optional<WatchedBest> best() const { return std::nullopt; }

  // What a checkpoint must hold; empty where the step alone decides.
  virtual std::string state() const { return {}; }

  // Goes on from what state() gave. DATA_LOSS (CHECKPOINT_DAMAGED): it is of another schedule.
  virtual absl::Status Restore(std::string_view state);
};

// DATA_LOSS (CHECKPOINT_DAMAGED)
absl::Status StateOfAnotherSchedule();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SCHEDULE_H_
