// A linear rise to eps_0 before another schedule begins, which counts its k from the end of the warm-up. Goyal et al. (2017).
//
//   eps_k = eps_0 (initial + (1 - initial) k / length)    for k < length

#ifndef TRAINYARD_CORE_OPTIM_WARM_UP_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_WARM_UP_SCHEDULE_H_

#include <memory>
#include <utility>

#include "core/optim/schedule.h"

namespace trainyard {

struct WarmUpOptions {
  double initial = 0.01;  // of eps_0, in (0, 1]
  Length length;

  friend bool operator==(const WarmUpOptions&, const WarmUpOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const WarmUpOptions& options);

class WarmUpSchedule final : public Schedule {
 public:
  // `length` in steps.
  WarmUpSchedule(double learning_rate, double initial, int64_t length, std::unique_ptr<Schedule> after)
      : learning_rate_(learning_rate), initial_(initial), length_(length), after_(std::move(after)) {}

  double At(int64_t step) const override;
  std::optional<Metric> metric() const override { return after_->metric(); }

  // Evaluations before the end of the warm-up do not count.
  bool Observe(int64_t step, double value) override { return step >= length_ && after_->Observe(step, value); }
  std::optional<WatchedBest> best() const override { return after_->best(); }
  std::string state() const override { return after_->state(); }
  absl::Status Restore(std::string_view state) override { return after_->Restore(state); }

 private:
  const double learning_rate_;
  const double initial_;
  const int64_t length_;
  const std::unique_ptr<Schedule> after_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_WARM_UP_SCHEDULE_H_
