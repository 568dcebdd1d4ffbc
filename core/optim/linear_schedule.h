// Linear decay until step tau, constant from there on. Goodfellow et al. (2016), equation 8.14.
//
//   eps_k = (1 - a) eps_0 + a eps_tau,   a = min(k / tau, 1)

#ifndef TRAINYARD_CORE_OPTIM_LINEAR_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_LINEAR_SCHEDULE_H_

#include <optional>

#include "core/optim/schedule.h"

namespace trainyard {

struct LinearOptions {
  std::optional<double> final_learning_rate;  // eps_tau, positive and finite; nullopt: eps_0 / 100
  std::optional<Length> tau;                  // nullopt: the whole budget but for the warm-up

  friend bool operator==(const LinearOptions&, const LinearOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const LinearOptions& options);

class LinearSchedule final : public Schedule {
 public:
  LinearSchedule(double initial, double final, int64_t tau) : initial_(initial), final_(final), tau_(tau) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const double final_;
  const int64_t tau_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LINEAR_SCHEDULE_H_
