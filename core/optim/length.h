// A number of steps, given in steps or in epochs.

#ifndef TRAINYARD_CORE_OPTIM_LENGTH_H_
#define TRAINYARD_CORE_OPTIM_LENGTH_H_

#include <cstdint>
#include <optional>
#include <variant>

#include "absl/status/status.h"

namespace trainyard {

// What schedules in epochs, or over the whole run, must know.
struct RunLength {
  int64_t steps_per_epoch = 1;
  std::optional<int64_t> total_steps;  // nullopt: not known beforehand
};

struct Steps {
  int64_t count = 1;  // at least 1
  friend bool operator==(const Steps&, const Steps&) = default;
};
struct Epochs {
  double count = 1;  // positive and finite
  friend bool operator==(const Epochs&, const Epochs&) = default;
};
using Length = std::variant<Steps, Epochs>;

// INVALID_ARGUMENT: a FieldError on `<prefix>steps` or `<prefix>epochs`, as in `length.steps` and `tau_steps`.
absl::Status Validate(const Length& length, std::string_view prefix);

// Epochs are rounded up to whole steps, where they are not whole but for rounding errors; at most 10^15.
int64_t InSteps(const Length& length, int64_t steps_per_epoch);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_LENGTH_H_
