// Linear decay until step tau, constant from there on. Goodfellow et al. (2016), equation 8.14.
//
//   eps_k = (1 - a) eps_0 + a eps_tau,   a = min(k / tau, 1)

#ifndef TRAINYARD_CORE_OPTIM_LINEAR_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_LINEAR_SCHEDULE_H_

#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "core/optim/schedule.h"

namespace trainyard {

struct WholeBudget {
  friend bool operator==(const WholeBudget&, const WholeBudget&) = default;
};
struct TauSteps {
  int64_t count = 1;  // at least 1
  friend bool operator==(const TauSteps&, const TauSteps&) = default;
};
struct TauEpochs {
  double count = 1;  // positive; rounded up to whole steps
  friend bool operator==(const TauEpochs&, const TauEpochs&) = default;
};

struct LinearOptions {
  std::optional<double> final_learning_rate;  // eps_tau, positive and finite; nullopt: eps_0 / 100
  std::variant<WholeBudget, TauSteps, TauEpochs> tau;

  friend bool operator==(const LinearOptions&, const LinearOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const LinearOptions& options);

// tau in steps. INVALID_ARGUMENT: it is to be the whole budget, and that is not known.
absl::StatusOr<int64_t> TauInSteps(const LinearOptions& options, const RunLength& length);

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
