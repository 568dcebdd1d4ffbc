#include "core/train/memory_estimate.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/model/encoded_rows.h"
#include "core/model/network_pass.h"
#include "core/model/output_pass.h"
#include "core/train/measuring.h"

namespace trainyard {
namespace {

// Trainer, encoders, buffers of the log: what every run takes.
constexpr double kFixedBytes = 256 * 1024;

// For each input whose parameters are kept lazily: its slot and its step, those of a place to go back to and of a snapshot with its encoded
// form, and the steps that inputs have missed.
constexpr double kLazyBytes = 64;

// Arrays of one number a parameter that the rule keeps, and how many of them a checkpoint holds.
struct RuleArrays {
  int kept;
  int saved;
};
RuleArrays ArraysOf(const SgdOptions&) { return {0, 0}; }
RuleArrays ArraysOf(const MomentumOptions&) { return {1, 1}; }
RuleArrays ArraysOf(const NesterovOptions&) { return {2, 1}; }

// What orthogonal weights take beside the values drawn, which are there before the first snapshot: both factors of the largest, in double.
double DrawingBytes(const InitializationOptions& options, const ParameterLayout& layout) {
  if (!std::holds_alternative<OrthogonalOptions>(options.weights)) return 0;
  int64_t largest = 0;
  for (const TensorShape& tensor : layout.tensors()) largest = std::max(largest, tensor.size);
  return 2.0 * sizeof(double) * static_cast<double>(largest);
}

// Examples that are kept as they are encoded.
double ExampleBytes(Precision precision, int64_t row_count, int64_t input_count) {
  return static_cast<double>(precision == Precision::kF32 ? EncodedRows<float>::MemoryBytes(row_count, input_count)
                                                          : EncodedRows<double>::MemoryBytes(row_count, input_count));
}

std::string Gibibytes(int64_t bytes) { return absl::StrFormat("%.2f GiB", static_cast<double>(bytes) / (1 << 30)); }

}  // namespace

int64_t EstimateMemory(const TrainingOptions& options, const ParameterLayout& layout, int64_t dense_columns,
                       int64_t row_count) {
  const RuleArrays rule =
      std::visit([](const auto& alternative) { return ArraysOf(alternative); }, options.optimizer.rule);
  const int best = options.early_stopping.has_value() && options.early_stopping->keep == Keep::kBest ? 1 : 0;
  // Sparse steps keep positions and velocities apart from theta and the velocity that is told.
  const bool sparse = layout.takes_sparse_steps();
  const int lazy = sparse ? 1 : 0;
  const int saved = 1 + rule.saved + 2 * lazy;
  const int place = std::holds_alternative<RollBack>(options.divergence) ? saved : 0;
  // theta, gradient, weights transposed, state, best, a place to go back to; and a snapshot with its encoded form.
  const int arrays = 3 + rule.kept + 3 * lazy + best + place + 2 * (saved + best + place);
  const double real = SizeOf(options.precision);
  double width =
      static_cast<double>((sparse ? FewestSparseInputs(dense_columns) : layout.input_count()) + layout.output_count());
  for (const DenseShape& shape : layout.layers()) {
    width += 2.0 * static_cast<double>(shape.units());
    if (shape.pieces > 1) width += static_cast<double>(shape.fan_out + shape.units());
  }
  const double bytes = static_cast<double>(layout.flat_size()) * real * arrays +
                       2 * width * static_cast<double>(kBlockRows) * real + 8.0 * static_cast<double>(row_count) +
                       MeasuringBytes(PlanMeasuring(options, layout.output_count()), row_count) +
                       DrawingBytes(options.initialization, layout) +
                       (sparse ? 0.0 : ExampleBytes(options.precision, row_count, layout.input_count())) +
                       lazy * kLazyBytes * static_cast<double>(layout.input_count()) + kFixedBytes;
  return static_cast<int64_t>(std::min(bytes, 9e18));
}

absl::Status CheckMemory(int64_t needed, int64_t limit) {
  if (needed <= limit) return absl::OkStatus();
  return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                        "the job needs ", Gibibytes(needed), " of memory, and jobs may use ", Gibibytes(limit),
                        "; make its layers narrower, or leave out METRIC_AUC if it measures that")),
                    "INSUFFICIENT_MEMORY",
                    {{"needed_bytes", absl::StrCat(needed)}, {"limit_bytes", absl::StrCat(limit)}});
}

}  // namespace trainyard
