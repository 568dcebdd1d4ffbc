#include "core/train/layer_statistics.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/aligned_vector.h"
#include "core/base/flush_denormals.h"
#include "core/base/status.h"
#include "core/model/example_block.h"
#include "core/model/network_pass.h"
#include "core/model/output_pass.h"
#include "core/model/sparse_pass.h"
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

// The first examples of the training part, and their targets.
template <typename Real>
struct Sample {
  const RowEncoder& encoder;
  std::span<const uint32_t> rows;
  Targets targets;
  const Loss<Real>& loss;

  int64_t count() const { return static_cast<int64_t>(rows.size()); }
  void TakeGradient(const MatrixView<Real>& outputs) const {
    loss.SumAndGradient(1 / static_cast<double>(count()), outputs, targets);
  }
};

template <typename Real>
LayerStatistics StatisticsOf(size_t layer, MatrixView<const Real> activation) {
  const Moments moments = MomentsOf<Real>(activation);
  return {.layer = absl::StrCat("layers.", layer),
          .activation_mean = moments.mean,
          .activation_variance = moments.variance};
}

// Of the one layer of a linear model, whose weighted sums are its activations.
template <typename Real>
std::vector<LayerStatistics> MeasureSparse(const ParameterLayout& layout, std::span<const Real> theta,
                                           const Sample<Real>& sample) {
  SparsePass<Real> pass(layout);
  pass.Begin();
  pass.Encode(sample.encoder, sample.rows);
  const MatrixView<Real> outputs = pass.Forward(theta);
  LayerStatistics statistics = StatisticsOf<Real>(0, outputs);
  sample.TakeGradient(outputs);
  statistics.gradient_variance = MomentsOf<Real>(outputs).variance;
  return {statistics};
}

template <typename Real>
std::vector<LayerStatistics> MeasureDense(const ParameterLayout& layout, std::span<const Real> theta,
                                          const Sample<Real>& sample) {
  const int64_t count = sample.count();
  NetworkPass<Real> pass(layout, count);
  sample.encoder.Encode(sample.rows, pass.inputs(count));
  const MatrixView<Real> outputs = pass.Forward(theta, count);
  std::vector<LayerStatistics> statistics;
  for (size_t l = 1; l <= layout.layers().size(); ++l) {
    statistics.push_back(StatisticsOf<Real>(l - 1, pass.activation(l, count)));
  }
  sample.TakeGradient(outputs);
  pass.Backward(theta, count);
  for (size_t l = 1; l <= layout.layers().size(); ++l) {
    statistics[l - 1].gradient_variance = MomentsOf<Real>(pass.ColumnDelta(l, count)).variance;
  }
  return statistics;
}

template <typename Real>
absl::StatusOr<std::vector<LayerStatistics>> Measure(const RunPlan& plan, const TrainingData& data,
                                                     const Checkpoint& state) {
  const FlushDenormals flush;
  ASSIGN_OR_RETURN(const AlignedVector<Real> theta, ParametersOf<Real>(plan.layout, state));
  ASSIGN_OR_RETURN(const auto loss, MakeLoss<Real>(*plan.options.loss, TargetShape{plan.encoding.target.classes}));
  ASSIGN_OR_RETURN(const RowEncoder encoder,
                   RowEncoder::Bind(plan.encoding, *data.training, RowEncoder::Needs::kFeaturesAndTarget));
  const auto rows = std::span(plan.training_rows).first(std::min<size_t>(kBlockRows, plan.training_rows.size()));
  TargetBlock block(static_cast<int64_t>(rows.size()), plan.encoding.target.type);
  const TargetBuffer targets = block.First(static_cast<int64_t>(rows.size()));
  encoder.EncodeTargets(rows, targets);
  const Sample<Real> sample{.encoder = encoder, .rows = rows, .targets = targets, .loss = *loss};
  const bool sparse = plan.layout.takes_sparse_steps();
  return sparse ? MeasureSparse<Real>(plan.layout, theta, sample) : MeasureDense<Real>(plan.layout, theta, sample);
}

}  // namespace

absl::StatusOr<std::vector<LayerStatistics>> MeasureLayers(const RunPlan& plan, const TrainingData& data,
                                                           const Checkpoint& state) {
  if (plan.options.precision == Precision::kF32) return Measure<float>(plan, data, state);
  return Measure<double>(plan, data, state);
}

}  // namespace trainyard
