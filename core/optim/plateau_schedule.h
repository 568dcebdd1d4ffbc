// Reduction on a plateau of a metric on the validation part.
//
//   eps_k = eps_0, times factor after each `patience` evaluations in a row without improvement
//
// An improvement is a value better than the best by more than min_change; NaN is none.

#ifndef TRAINYARD_CORE_OPTIM_PLATEAU_SCHEDULE_H_
#define TRAINYARD_CORE_OPTIM_PLATEAU_SCHEDULE_H_

#include "core/optim/schedule.h"

namespace trainyard {

struct ReduceOnPlateauOptions {
  double factor = 0.1;    // in (0, 1)
  int patience = 5;       // evaluations, at least 1
  double min_change = 0;  // in the metric's unit, at least 0 and finite
  Metric metric = Metric::kLoss;
  double min_learning_rate = 0;  // at least 0 and finite: the rate is not reduced below it

  friend bool operator==(const ReduceOnPlateauOptions&, const ReduceOnPlateauOptions&) = default;
};

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const ReduceOnPlateauOptions& options);

class PlateauSchedule final : public Schedule {
 public:
  PlateauSchedule(double initial, const ReduceOnPlateauOptions& options) : initial_(initial), options_(options) {}

  double At(int64_t step) const override;
  std::optional<Metric> metric() const override { return options_.metric; }
  bool Observe(int64_t step, double value) override;
  std::optional<WatchedBest> best() const override;
  std::string state() const override;
  absl::Status Restore(std::string_view state) override;

 private:
  // What a checkpoint holds, as it is in memory.
  struct State {
    double factor = 1;  // of eps_0
    double best_value = 0;
    int64_t best_step = -1;  // -1: none yet
    int64_t used = 0;        // evaluations since the best or the last reduction
  };

  bool Improves(double value) const;
  double Rate() const;

  const double initial_;
  const ReduceOnPlateauOptions options_;
  State state_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_PLATEAU_SCHEDULE_H_
