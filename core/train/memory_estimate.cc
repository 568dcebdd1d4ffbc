#include "core/train/memory_estimate.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "core/model/encoded_rows.h"
#include "core/model/network_pass.h"
#include "core/model/output_pass.h"
#include "core/model/packed_rows.h"
#include "core/optim/make_sparse_optimizer.h"
#include "core/train/measuring.h"

namespace trainyard {
namespace {

// Trainer, encoders, buffers of the log: what every run takes.
constexpr double kFixedBytes = 256 * 1024;

// For each input of a sparse model: its slot in a minibatch; and where its parameters are kept lazily, the step up to which they are, with
// its share of the steps that inputs have missed.
constexpr double kSlotBytes = 4;
constexpr double kLazyBytes = 10;

// Arrays of one number a parameter: those that are kept, and those that a checkpoint holds.
struct Arrays {
  int kept;
  int saved;
};
Arrays ArraysOf(const SgdOptions&) { return {0, 0}; }
Arrays ArraysOf(const MomentumOptions&) { return {1, 1}; }
Arrays ArraysOf(const NesterovOptions&) { return {2, 1}; }

bool StepsLazily(const TrainingOptions& options, const ParameterLayout& layout) {
  const bool is_plain =
      std::holds_alternative<SgdOptions>(options.optimizer.rule) && options.regularization == RegularizationOptions();
  return layout.takes_sparse_steps() && !is_plain && MayStepLazily(options.regularization, options.optimizer.clipping);
}

// The state of a run, in memory and in a checkpoint.
struct StateBytes {
  double kept;
  double saved;
};

StateBytes StateBytesOf(const TrainingOptions& options, const ParameterLayout& layout, double array) {
  Arrays arrays = std::visit([](const auto& alternative) { return ArraysOf(alternative); }, options.optimizer.rule);
  const bool lazy = StepsLazily(options, layout);
  if (lazy) arrays.kept = arrays.saved;  // a velocity that is told
  // theta; positions and velocities of their own.
  arrays.kept += lazy ? 3 : 1;
  arrays.saved += lazy ? 3 : 1;
  const double of_inputs = lazy ? kLazyBytes * static_cast<double>(layout.input_count()) : 0;
  return {arrays.kept * array + of_inputs, arrays.saved * array + of_inputs};
}

// The gradient, for as long as it must be stored.
double GradientBytes(const TrainingOptions& options, const ParameterLayout& layout, double array) {
  if (!layout.takes_sparse_steps()) return array;
  const bool is_stored = !MayStepLazily(options.regularization, options.optimizer.clipping);
  return kSlotBytes * static_cast<double>(layout.input_count()) + (is_stored ? array : 0);
}

// The passes of steps and of measurements.
double PassBytes(Precision precision, const ParameterLayout& layout, int64_t dense_columns, int64_t measured_rows) {
  const int passes = measured_rows > 0 ? 2 : 1;
  const double outputs = static_cast<double>(kBlockRows * layout.output_count());
  // What is predicted: two numbers for each output, and a copy of the outputs.
  const double of_outputs = outputs * (2 * sizeof(double) + (measured_rows > 0 ? SizeOf(precision) : 0));
  if (layout.takes_sparse_steps()) {
    const double of_inputs = static_cast<double>(kBlockRows * FewestSparseInputs(dense_columns));
    return of_outputs + passes * (of_inputs + outputs) * SizeOf(precision);
  }
  const int64_t of_pass = precision == Precision::kF32 ? NetworkPass<float>::MemoryBytes(layout, kBlockRows)
                                                       : NetworkPass<double>::MemoryBytes(layout, kBlockRows);
  return of_outputs + passes * static_cast<double>(of_pass);
}

// The numbers of the rows of each part; those of the training part once more, and again in the order of an epoch where that is drawn.
double RowNumberBytes(const MinibatchOptions& minibatches, const PartRows& parts) {
  const int64_t* const size = std::get_if<int64_t>(&minibatches.batch);
  const bool one_step = size == nullptr || *size >= parts.training;
  const bool in_order = std::holds_alternative<InOrder>(minibatches.order) ||
                        std::holds_alternative<WithReplacement>(minibatches.order) || one_step;
  const double copies = in_order ? 2 : 3;
  return sizeof(uint32_t) * (copies * static_cast<double>(parts.training) + static_cast<double>(parts.measured));
}

// The targets of all rows with their weights, and the order of numbers.
double OutputBiasBytes(const InitializationOptions& options, const RowCounts& rows) {
  if (!options.output_biases.has_value()) return 0;
  const size_t of_target = rows.has_classes ? sizeof(int32_t) : sizeof(double) + sizeof(uint32_t);
  return static_cast<double>(sizeof(double) + of_target) * static_cast<double>(rows.parts.training);
}

// The values drawn at the start, in double, and what orthogonal weights take beside them: both factors of the largest.
double DrawingBytes(const InitializationOptions& options, const ParameterLayout& layout) {
  const double drawn = static_cast<double>(layout.flat_size());
  if (!std::holds_alternative<OrthogonalOptions>(options.weights)) return sizeof(double) * drawn;
  int64_t largest = 0;
  for (const TensorShape& tensor : layout.tensors()) largest = std::max(largest, tensor.size);
  return sizeof(double) * (drawn + 2.0 * static_cast<double>(largest));
}

// Examples that are kept as they are encoded.
double ExampleBytes(Precision precision, int64_t row_count, int64_t input_count) {
  return static_cast<double>(precision == Precision::kF32 ? EncodedRows<float>::MemoryBytes(row_count, input_count)
                                                          : EncodedRows<double>::MemoryBytes(row_count, input_count));
}

// Sparse rows that are packed.
double PackedBytes(const TrainingOptions& options, const ParameterLayout& layout, const RowCounts& rows) {
  const int64_t* const size = std::get_if<int64_t>(&options.minibatches.batch);
  const bool packs = layout.takes_sparse_steps() && layout.output_count() == 1 && rows.packed_numbers > 0 &&
                     size != nullptr && *size == 1;
  if (!packs) return 0;
  return static_cast<double>(options.precision == Precision::kF32
                                 ? PackedRows<float>::MemoryBytes(rows.of_dataset, rows.packed_numbers)
                                 : PackedRows<double>::MemoryBytes(rows.of_dataset, rows.packed_numbers));
}

std::string Gibibytes(int64_t bytes) { return absl::StrFormat("%.2f GiB", static_cast<double>(bytes) / (1 << 30)); }

}  // namespace

RowCounts CountRows(const TrainingData& data, int target, const PartRows& parts) {
  const std::vector<Column>& columns = data.training->schema().columns;
  RowCounts rows{.parts = parts,
                 .of_dataset = data.training->row_count(),
                 .packed_numbers = 0,
                 .has_classes = columns[static_cast<size_t>(target)].type == ColumnType::kCategorical};
  int features = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    const bool is_feature = columns[c].role == ColumnRole::kFeature && columns[c].type != ColumnType::kIgnored;
    if (!is_feature || static_cast<int>(c) == target) continue;
    ++features;
    rows.packed_numbers = static_cast<int64_t>(data.training->sparse(static_cast<int>(c)).indices.size());
  }
  if (features != 1) rows.packed_numbers = 0;
  return rows;
}

int64_t EstimateMemory(const TrainingOptions& options, const ParameterLayout& layout, int64_t dense_columns,
                       const RowCounts& rows) {
  const double real = SizeOf(options.precision);
  const double array = static_cast<double>(layout.flat_size()) * real;
  const StateBytes state = StateBytesOf(options, layout, array);
  const double best = options.early_stopping.has_value() && options.early_stopping->keep == Keep::kBest ? array : 0;
  const double place = std::holds_alternative<RollBack>(options.divergence) ? state.saved : 0;
  // The best parameters once more as they are measured at the end.
  const double kept =
      state.kept + GradientBytes(options, layout, array) + 2 * best + place +
      PassBytes(options.precision, layout, dense_columns, rows.parts.measured) +
      RowNumberBytes(options.minibatches, rows.parts) +
      MeasuringBytes(PlanMeasuring(options, layout.output_count()), rows.parts.measured) +
      (layout.takes_sparse_steps() ? PackedBytes(options, layout, rows)
                                   : ExampleBytes(options.precision, rows.of_dataset, layout.input_count())) +
      kFixedBytes;
  const double snapshot = 2 * (state.saved + best + place);
  const double start =
      std::max(DrawingBytes(options.initialization, layout), OutputBiasBytes(options.initialization, rows));
  const double bytes = kept + std::max(snapshot, start);
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
