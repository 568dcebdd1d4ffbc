// A learning rate as a function of the step.

#ifndef TRAINYARD_CORE_OPTIM_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_SCHEDULE_H_

#include <cstdint>
#include <optional>

namespace trainyard {

// What schedules in epochs, or over the whole run, must know.
struct RunLength {
  int64_t steps_per_epoch = 1;
  std::optional<int64_t> total_steps;  // nullopt: not known beforehand
};

// Thread-safe.
class Schedule {
 public:
  virtual ~Schedule() = default;

  // eps_k, k >= 0.
  virtual double At(int64_t step) const = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_SCHEDULE_H_
