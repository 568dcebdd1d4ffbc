// A momentum coefficient as a function of the step. Sutskever et al. (2013); Goodfellow et al. (2016), section 8.3.2.

#ifndef TRAINYARD_CORE_OPTIM_MOMENTUM_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_MOMENTUM_SCHEDULE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "core/optim/length.h"

namespace trainyard {

// alpha_k = (1 - a) initial + a alpha,  a = min(k / length, 1)
struct MomentumRamp {
  double initial = 0.5;  // in [0, 1)
  Length length;

  friend bool operator==(const MomentumRamp&, const MomentumRamp&) = default;
};

// alpha_k = values[min(floor(k / length), n - 1)], with alpha as one more value at the end
struct MomentumSteps {
  std::vector<double> values;  // each in [0, 1); at least 1, at most 100
  Length length;               // of each value

  friend bool operator==(const MomentumSteps&, const MomentumSteps&) = default;
};

struct MomentumScheduleOptions {
  std::variant<MomentumRamp, MomentumSteps> kind;
  bool may_fall = false;  // a momentum that falls is refused unless this is set

  friend bool operator==(const MomentumScheduleOptions&, const MomentumScheduleOptions&) = default;
};

// INVALID_ARGUMENT: a FieldError on `momentum`, alpha, not in [0, 1), or on a field under `schedule`.
absl::Status ValidateMomentum(double alpha, const std::optional<MomentumScheduleOptions>& schedule);

// Thread-safe.
class MomentumSchedule {
 public:
  virtual ~MomentumSchedule() = default;

  // alpha_k, k >= 0.
  virtual double At(int64_t step) const = 0;
};

class RampedMomentum final : public MomentumSchedule {
 public:
  // `length` in steps.
  RampedMomentum(double initial, double final, int64_t length) : initial_(initial), final_(final), length_(length) {}
  double At(int64_t step) const override;

 private:
  const double initial_;
  const double final_;
  const int64_t length_;
};

class SteppedMomentum final : public MomentumSchedule {
 public:
  // `length` of each value in steps.
  SteppedMomentum(std::vector<double> values, int64_t length) : values_(std::move(values)), length_(length) {}
  double At(int64_t step) const override;

 private:
  const std::vector<double> values_;
  const int64_t length_;
};

// alpha throughout where there is no schedule.
std::unique_ptr<const MomentumSchedule> MakeMomentumSchedule(double alpha,
                                                             const std::optional<MomentumScheduleOptions>& schedule,
                                                             const RunLength& length);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_MOMENTUM_SCHEDULE_H_
