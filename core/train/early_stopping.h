// Early stopping. Goodfellow et al. (2016), algorithm 7.1.
//
// Watches one metric on the validation part; stops after `patience` evaluations in a row without improvement. An improvement is a value
// better than the best by more than min_change; NaN is none.

#ifndef TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_
#define TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/train/options.h"
#include "core/train/run_events.h"

namespace trainyard {

// INVALID_ARGUMENT: the first option out of range.
absl::Status Validate(const EarlyStoppingOptions& options);

class EarlyStopping {
 public:
  // `options.metric` is set.
  explicit EarlyStopping(const EarlyStoppingOptions& options) : options_(options) {}

  // Takes the value of one evaluation. Where it is an improvement, the caller keeps the parameters.
  PatienceReport Update(int64_t step, double value);

  bool out_of_patience() const { return used_ >= options_.patience; }
  Metric metric() const { return *options_.metric; }

  // Whether there was an improvement yet, and the last.
  bool has_best() const { return has_best_; }
  double best_value() const { return best_value_; }
  int64_t best_step() const { return best_step_; }

  // Evaluations since the best.
  int patience_used() const { return used_; }

  // Goes on from a checkpoint; without a best where there was none.
  void Restore(int patience_used);
  void Restore(int patience_used, int64_t best_step, double best_value);

 private:
  bool Improves(double value) const;

  const EarlyStoppingOptions options_;
  bool has_best_ = false;
  double best_value_ = 0;
  int64_t best_step_ = 0;
  int used_ = 0;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_
