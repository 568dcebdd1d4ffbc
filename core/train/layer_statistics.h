// How activations and gradients are spread, layer by layer: whether a signal reaches both ends of a network.

#ifndef TRAINYARD_CORE_TRAIN_LAYER_STATISTICS_H_
#define TRAINYARD_CORE_TRAIN_LAYER_STATISTICS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/train/checkpoint.h"
#include "core/train/trainer.h"

namespace trainyard {

// Over examples and units; variances with ddof 0. The gradient is that of the mean loss by the layer's weighted sums.
struct LayerStatistics {
  std::string layer;  // `layers.0`
  double activation_mean = 0;
  double activation_variance = 0;
  double gradient_variance = 0;
};

// At `state`'s parameters, over the first examples of the training part, at most 256; from the first hidden layer to the output.
// INVALID_ARGUMENT: as MakeTrainer. DATA_LOSS: a state of another run.
absl::StatusOr<std::vector<LayerStatistics>> MeasureLayers(const RunPlan& plan, const TrainingData& data,
                                                           const Checkpoint& state);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_TRAIN_LAYER_STATISTICS_H_
