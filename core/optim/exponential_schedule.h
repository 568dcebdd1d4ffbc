// Exponential decay.
//
//   eps_k = eps_0 factor^(k / length)

#ifndef TRAINYARD_CORE_OPTIM_EXPONENTIAL_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_EXPONENTIAL_SCHEDULE_H_

#include "core/base/elementary.h"
#include "core/optim/schedule.h"

namespace trainyard {

struct ExponentialDecayOptions {
  double factor = 0.5;  // in (0, 1]: what is left of the rate after each length
  Length length = Epochs{1};

  friend bool operator==(const ExponentialDecayOptions&, const ExponentialDecayOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const ExponentialDecayOptions& options);

class ExponentialSchedule final : public Schedule {
 public:
  // `length` in steps.
  ExponentialSchedule(double initial, double factor, int64_t length)
      : initial_(initial), powers_(factor), length_(length) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const PowersOf powers_;
  const int64_t length_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_EXPONENTIAL_SCHEDULE_H_
