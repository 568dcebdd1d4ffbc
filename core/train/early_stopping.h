// Early stopping. Goodfellow et al. (2016), algorithm 7.1.
//
// Watches one metric on the validation part, or its moving average; stops after `patience` evaluations in a row without improvement. An
// improvement is a value better than the best by more than min_change; NaN is none.

#ifndef TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_
#define TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_

#include <cstdint>
#include <utility>

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

  bool out_of_patience() const { return state_.patience_used >= options_.patience; }
  Metric metric() const { return *options_.metric; }

  // NaN where there is none.
  double best_value() const;

  // What a checkpoint keeps of it.
  const StoppingState& state() const { return state_; }
  void Restore(StoppingState state) { state_ = std::move(state); }

 private:
  double Smoothed(double value);
  bool Improves(double value) const;

  const EarlyStoppingOptions options_;
  StoppingState state_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_EARLY_STOPPING_H_
