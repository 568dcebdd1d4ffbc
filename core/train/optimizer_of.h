// The optimiser of a run: by sparse steps where its inputs allow them.

#ifndef TRAINYARD_CORE_TRAIN_OPTIMIZER_OF_H_
#define TRAINYARD_CORE_TRAIN_OPTIMIZER_OF_H_

#include <memory>

#include "core/optim/make_sparse_optimizer.h"
#include "core/train/trainer.h"

namespace trainyard {

// For the gradients of the run's DatasetObjective.
template <typename Real>
std::unique_ptr<Optimizer<Real>> MakeOptimizerOf(const RunPlan& plan) {
  const OptimizerOptions& options = plan.options.optimizer;
  const RegularizationOptions& regularization = plan.options.regularization;
  const ParameterLayout& layout = plan.layout;
  const bool lazy = layout.takes_sparse_steps() && MayStepLazily(regularization, options.clipping);
  if (!lazy) return MakeOptimizer<Real>(options.rule, layout.flat_size());
  return MakeSparseOptimizer<Real>(options.rule, layout.input_count(), layout.output_count(), regularization);
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_OPTIMIZER_OF_H_
