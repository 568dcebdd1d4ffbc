// Half a period of a cosine until step T, constant from there on. Loshchilov and Hutter (2017), without restarts.
//
//   eps_k = eps_T + (eps_0 - eps_T) (1 + cos(pi min(k / T, 1))) / 2

#ifndef TRAINYARD_CORE_OPTIM_COSINE_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_COSINE_SCHEDULE_H_

#include <optional>

#include "core/optim/schedule.h"

namespace trainyard {

struct CosineOptions {
  double final_learning_rate = 0;  // eps_T, at least 0 and finite
  std::optional<Length> length;    // T; nullopt: the whole budget but for the warm-up

  friend bool operator==(const CosineOptions&, const CosineOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const CosineOptions& options);

class CosineSchedule final : public Schedule {
 public:
  // `length` in steps.
  CosineSchedule(double initial, double final, int64_t length) : initial_(initial), final_(final), length_(length) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const double final_;
  const int64_t length_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_COSINE_SCHEDULE_H_
