// eps_k = eps_0

#ifndef TRAINYARD_CORE_OPTIM_CONSTANT_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_CONSTANT_SCHEDULE_H_

#include "core/optim/schedule.h"

namespace trainyard {

struct ConstantOptions {
  friend bool operator==(const ConstantOptions&, const ConstantOptions&) = default;
};

class ConstantSchedule final : public Schedule {
 public:
  explicit ConstantSchedule(double learning_rate) : learning_rate_(learning_rate) {}
  double At(int64_t) const override { return learning_rate_; }

 private:
  const double learning_rate_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_CONSTANT_SCHEDULE_H_
