// The update rules: each moves theta by one step, asking an Objective for gradients at the points of its choice.
//
// Settings are values (the option structs); an Optimizer is one run's state. Rates are arguments of each step: schedules and steering
// act in one place, outside.

#ifndef TRAINYARD_CORE_OPTIM_OPTIMIZER_H_
#define TRAINYARD_CORE_OPTIM_OPTIMIZER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/base/objective.h"

namespace trainyard {

// eps_k and alpha_k of one step.
struct StepRates {
  double learning_rate = 0;
  double momentum = 0;
};

// A part of an optimiser's state, as it is in memory; restoring these bytes restores the run to the bit.
struct OptimizerArray {
  std::string_view name;
  std::span<std::byte> bytes;

  // Whether there is one Real for each parameter, in the order of theta.
  bool per_parameter = true;
};

// One run's state. Not thread-safe; a run owns its own.
template <typename Real>
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Moves theta by one step. An error of the objective is passed on, and theta and the state are as before; after UNAVAILABLE, call again
  // with the same rates until the step is made.
  // Allocates nothing.
  virtual absl::Status Step(const StepRates& rates, Objective<Real>& objective, std::span<Real> theta) = 0;

  // An optimiser that keeps parameters lazily leaves `theta` as it was at the first step: this writes the parameters after the last step.
  // Its own state stays as it is, so that a look at the parameters changes no bit of what follows. Others have nothing to write.
  virtual void Materialize(std::span<Real>) const {}

  // What a checkpoint must hold beside theta, under names that never change. Until the next Step, these bytes and theta may be written.
  virtual std::vector<OptimizerArray> state() { return {}; }
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_OPTIM_OPTIMIZER_H_
