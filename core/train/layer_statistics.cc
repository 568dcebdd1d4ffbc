#include "core/train/layer_statistics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/aligned_vector.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/model/example_block.h"
#include "core/model/network_pass.h"
#include "core/train/parameters_of.h"

namespace trainyard {
namespace {

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Real>
Moments MomentsOf(MatrixView<const Real> values) {
  const double count = static_cast<double>(values.rows * values.columns);
  double sum = 0;
  for (int64_t i = 0; i < values.rows; ++i) {
    for (const Real value : values.row(i)) sum += value;
  }
  const double mean = sum / count;
  double squares = 0;
  for (int64_t i = 0; i < values.rows; ++i) {
    for (const Real value : values.row(i)) squares += (value - mean) * (value - mean);
  }
  return {.mean = mean, .variance = squares / count};
}

template <typename Real>
absl::StatusOr<std::vector<LayerStatistics>> Measure(const RunPlan& plan, const TrainingData& data,
                                                     const Checkpoint& state) {
  const FlushDenormals flush;
  const ParameterLayout& layout = plan.layout;
  ASSIGN_OR_RETURN(const AlignedVector<Real> theta, ParametersOf<Real>(layout, state));
  ASSIGN_OR_RETURN(const auto loss, MakeLoss<Real>(*plan.options.loss, TargetShape{plan.encoding.target.classes}));
  ASSIGN_OR_RETURN(const RowEncoder encoder,
                   RowEncoder::Bind(plan.encoding, *data.training, RowEncoder::Needs::kFeaturesAndTarget));
  const int64_t count = std::min<int64_t>(kBlockRows, static_cast<int64_t>(plan.training_rows.size()));
  NetworkPass<Real> pass(layout, count);
  TargetBlock block(count, plan.encoding.target.type);
  const TargetBuffer targets = block.First(count);
  encoder.Encode(std::span(plan.training_rows).first(count), pass.inputs(count), targets);
  const MatrixView<Real> outputs = pass.Forward(theta, count);

  std::vector<LayerStatistics> statistics;
  for (size_t l = 1; l <= layout.layers().size(); ++l) {
    const Moments moments = MomentsOf<Real>(pass.activation(l, count));
    statistics.push_back({.layer = absl::StrCat("layers.", l - 1),
                          .activation_mean = moments.mean,
                          .activation_variance = moments.variance});
  }
  loss->SumAndGradient(1 / static_cast<double>(count), outputs, targets);
  AlignedVector<Real> gradient(layout.flat_size());
  pass.Backward(theta, count, NetworkPass<Real>::Into::kEmpty, gradient);
  for (size_t l = 1; l <= layout.layers().size(); ++l) {
    statistics[l - 1].gradient_variance = MomentsOf<Real>(pass.ColumnDelta(l, count)).variance;
  }
  return statistics;
}

}  // namespace

absl::StatusOr<std::vector<LayerStatistics>> MeasureLayers(const RunPlan& plan, const TrainingData& data,
                                                           const Checkpoint& state) {
  if (plan.options.precision == Precision::kF32) return Measure<float>(plan, data, state);
  return Measure<double>(plan, data, state);
}

}  // namespace trainyard
