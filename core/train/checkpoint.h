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

// The best parameters so far, by the metric of early stopping.
struct BestParameters {
  int64_t step = 0;
  double value = 0;
  std::string parameters;

  friend bool operator==(const BestParameters&, const BestParameters&) = default;
};

struct Checkpoint {
  // Build and kernel family; see NumericFingerprint.
  std::string fingerprint;
  Precision precision = Precision::kF32;

  // Updates made. Decides the minibatch position, and the schedule's where that depends on the step alone.
  int64_t step = 0;

  std::string parameters;
  std::vector<NamedBytes> optimizer_state;

  std::optional<BestParameters> best;

  // Evaluations since the best.
  int patience_used = 0;

  // The last step whose evaluation is done; -1: none.
  int64_t evaluated_step = -1;

  // SHA-256 of `parameters`, lower-case hexadecimal.
  std::string parameters_digest;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

std::string EncodeCheckpoint(const Checkpoint& checkpoint);

// DATA_LOSS: not a checkpoint, cut short, of an unknown version, or altered.
absl::StatusOr<Checkpoint> DecodeCheckpoint(std::string_view bytes);

// What runs with equal fingerprints share: build and kernel family, hence every bit.
std::string NumericFingerprint();

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_CHECKPOINT_H_
