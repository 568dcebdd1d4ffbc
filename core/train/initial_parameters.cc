#include "core/train/initial_parameters.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "core/base/status.h"
#include "core/init/make_initializer.h"
#include "core/model/example_block.h"
#include "core/train/initial_state.h"

namespace trainyard {
namespace {

// The targets of the whole training part.
struct TrainingTargets {
  TrainingTargets(const RunPlan& plan, const RowEncoder& training)
      : block(static_cast<int64_t>(plan.training_rows.size()), plan.encoding.target.type) {
    const TargetBuffer all = block.First(static_cast<int64_t>(plan.training_rows.size()));
    training.EncodeTargets(plan.training_rows, all);
    targets = all;
  }

  TargetBlock block;
  Targets targets;
};

// How one tensor is filled.
std::unique_ptr<const Initializer> InitializerOf(const TensorShape& tensor, bool is_output,
                                                 const InitializationOptions& options) {
  if (!tensor.is_bias) {
    return MakeInitializer(is_output && options.output_weights.has_value()
                               ? WeightInitializerOptions(*options.output_weights)
                               : options.weights);
  }
  return MakeInitializer(is_output ? BiasInitializerOptions(ZeroBiasesOptions()) : options.biases);
}

template <typename Real>
void Draw(const TrainingOptions& options, const ParameterLayout& layout, std::span<Real> theta) {
  std::vector<double> values;
  for (size_t t = 0; t < layout.tensors().size(); ++t) {
    const TensorShape& tensor = layout.tensors()[t];
    const DenseShape& shape = layout.layers()[tensor.layer];
    const bool is_output = tensor.layer + 1 == static_cast<int>(layout.layers().size());
    values.resize(tensor.size);
    InitializerOf(tensor, is_output, options.initialization)
        ->Fill({.fan_in = shape.fan_in, .fan_out = shape.fan_out},
               RandomStream(options.seed, RandomPurpose::kInitialWeights, t), values);
    for (int64_t i = 0; i < tensor.size; ++i) {
      const int64_t input = tensor.is_bias ? shape.fan_in : i / shape.fan_out;
      theta[layout.Index(tensor.layer, input, i % shape.fan_out)] = static_cast<Real>(values[i]);
    }
  }
}

}  // namespace

template <typename Real>
absl::Status CheckOutputBiases(const TrainingOptions& options, const Loss<Real>& loss) {
  if (!options.initialization.output_biases.has_value() || loss.BestConstant({}).ok()) return absl::OkStatus();
  return FieldError("initialization.marginal_output_biases", "set",
                    "left out with this loss, for which no statistic of the target gives the best constant output");
}

template <typename Real>
absl::Status FillInitialParameters(const RunPlan& plan, const RowEncoder& training, const Loss<Real>& loss,
                                   std::span<Real> theta) {
  const ParameterLayout& layout = plan.layout;
  RETURN_IF_ERROR(CheckOutputBiases(plan.options, loss));
  Draw(plan.options, layout, theta);
  if (plan.options.initialization.output_biases.has_value()) {
    const TrainingTargets all(plan, training);
    ASSIGN_OR_RETURN(const std::vector<double> best, loss.BestConstant(all.targets));
    const int output = static_cast<int>(layout.layers().size()) - 1;
    for (size_t unit = 0; unit < best.size(); ++unit) {
      theta[layout.Index(output, layout.layers()[output].fan_in, static_cast<int64_t>(unit))] =
          static_cast<Real>(best[unit]);
    }
  }
  Place<Real>(plan.options.initial_state.parameters, layout, theta);
  return absl::OkStatus();
}

template absl::Status CheckOutputBiases(const TrainingOptions&, const Loss<float>&);
template absl::Status CheckOutputBiases(const TrainingOptions&, const Loss<double>&);
template absl::Status FillInitialParameters(const RunPlan&, const RowEncoder&, const Loss<float>&, std::span<float>);
template absl::Status FillInitialParameters(const RunPlan&, const RowEncoder&, const Loss<double>&, std::span<double>);

}  // namespace trainyard
