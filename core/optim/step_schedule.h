// Decay in steps of equal length.
//
//   eps_k = eps_0 factor^floor(k / length)

#ifndef TRAINYARD_CORE_OPTIM_STEP_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_STEP_SCHEDULE_H_

#include "core/base/elementary.h"
#include "core/optim/schedule.h"

namespace trainyard {

struct StepOptions {
  double factor = 0.1;  // in (0, 1]
  Length length;        // of each step

  friend bool operator==(const StepOptions&, const StepOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const StepOptions& options);

class StepSchedule final : public Schedule {
 public:
  // `length` in steps.
  StepSchedule(double initial, double factor, int64_t length) : initial_(initial), powers_(factor), length_(length) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const PowersOf powers_;
  const int64_t length_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_STEP_SCHEDULE_H_
