// Everything that a run needs to go on with the same bits, and its form in a file.
//
// Parameters and per-parameter state are in logical order (ParameterLayout), in the run's precision, little endian: a checkpoint outlives
// changes of the memory layout. The file is: magic, version, sections (name, size, bytes), SHA-256 of all before it.

#ifndef TRAINYARD_CORE_TRAIN_CHECKPOINT_H_
#define TRAINYARD_CORE_TRAIN_CHECKPOINT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/options.h"

namespace trainyard {

struct NamedBytes {
  std::string name;
  std::string bytes;

  friend bool operator==(const NamedBytes&, const NamedBytes&) = default;
};

// The best parameters so far, by the metric of early stopping; where they are to be kept.
struct BestParameters {
  int64_t step = 0;
  std::string parameters;

  friend bool operator==(const BestParameters&, const BestParameters&) = default;
};

// Where `parameters` are not finite: those before the update that overflowed, and Checkpoint's counts at that time.
struct LastFiniteParameters {
  int64_t step = 0;
  int64_t clipped_steps = 0;
  int64_t clipped_step = -1;
  std::string parameters;

  friend bool operator==(const LastFiniteParameters&, const LastFiniteParameters&) = default;
};

// What early stopping remembers.
struct StoppingState {
  bool has_best = false;
  double best_value = 0;
  int64_t best_step = 0;

  // Evaluations since the best.
  int patience_used = 0;

  // The newest values of the metric, the newest last; at most moving_average of them.
  std::vector<double> recent;

  friend bool operator==(const StoppingState&, const StoppingState&) = default;
};

struct Checkpoint {
  // See NumericFingerprint.
  std::string fingerprint;
  Precision precision = Precision::kF32;

  // Updates made. Decides the minibatch position, and the schedule's where that depends on the step alone.
  int64_t step = 0;

  std::string parameters;
  std::vector<NamedBytes> optimizer_state;

  std::optional<BestParameters> best;

  std::optional<LastFiniteParameters> last_finite;

  std::optional<StoppingState> stopping;

  // Whether the budget's target metric was reached, and ended the run.
  bool target_reached = false;

  // Of a schedule that depends on evaluations; see Schedule::state.
  std::string schedule_state;

  // Updates whose gradient was clipped, and the step of the last of them; -1: none.
  int64_t clipped_steps = 0;
  int64_t clipped_step = -1;

  // Of all learning rates, after roll-backs; their number; and where the next one leads to: a checkpoint without `best` and without its
  // own place to roll back to, encoded. Empty where the run does not roll back.
  double learning_rate_factor = 1;
  int roll_backs = 0;
  std::string roll_back_to;

  // The last step whose evaluation is done; -1: none.
  int64_t evaluated_step = -1;

  // Changes of the run's options that have acted; see SteeredTrainer.
  int64_t changes_made = 0;

  // SHA-256 of `parameters`, lower-case hexadecimal.
  std::string parameters_digest;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// Of the parameters and all else that grows with them.
int64_t ArrayBytes(const Checkpoint& checkpoint);

std::string EncodeCheckpoint(const Checkpoint& checkpoint);

// DATA_LOSS: not a checkpoint, cut short, of an unknown version, or altered.
absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view bytes);

// What runs with equal fingerprints share: compiler and kernel family, hence every bit.
std::string NumericFingerprint();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_CHECKPOINT_H_
