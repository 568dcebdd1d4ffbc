// Decay with a power of the step: power 1 and 1/2 are the rates of the convergence theorems for strongly convex and convex functions.
// Robbins and Monro (1951); Goodfellow et al. (2016), section 8.3.1.
//
//   eps_k = eps_0 / (1 + k / length)^power

#ifndef TRAINYARD_CORE_OPTIM_INVERSE_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_INVERSE_SCHEDULE_H_

#include "core/optim/schedule.h"

namespace trainyard {

struct InverseOptions {
  double power = 1;  // positive and finite
  Length length = Epochs{1};

  friend bool operator==(const InverseOptions&, const InverseOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const InverseOptions& options);

class InverseSchedule final : public Schedule {
 public:
  // `length` in steps.
  InverseSchedule(double initial, double power, int64_t length) : initial_(initial), power_(power), length_(length) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const double power_;
  const int64_t length_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_INVERSE_SCHEDULE_H_
