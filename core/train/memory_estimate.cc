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

// The gradient, for as long as it must be stored, and the weights that the pass back reads, transposed.
double GradientBytes(const TrainingOptions& options, const ParameterLayout& layout, double array) {
  if (layout.takes_sparse_steps()) {
    const bool is_stored = !MayStepLazily(options.regularization, options.optimizer.clipping);
    return kSlotBytes * static_cast<double>(layout.input_count()) + (is_stored ? array : 0);
  }
  const int64_t of_first_layer = layout.layers().empty() ? layout.flat_size() : layout.layers().front().size;
  return 2 * array - array * static_cast<double>(of_first_layer) / static_cast<double>(layout.flat_size());
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
                                 ? PackedRows<float>::MemoryBytes(rows.training, rows.packed_numbers)
                                 : PackedRows<double>::MemoryBytes(rows.training, rows.packed_numbers));
}

std::string Gibibytes(int64_t bytes) { return absl::StrFormat("%.2f GiB", static_cast<double>(bytes) / (1 << 30)); }

}  // namespace

RowCounts CountRows(const TrainingData& data, int target, int64_t measured) {
  RowCounts rows{.all = data.row_count(), .measured = measured, .training = data.training->row_count()};
  int features = 0;
  const std::vector<Column>& columns = data.training->schema().columns;
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
  const bool sparse = layout.takes_sparse_steps();
  double width =
      static_cast<double>((sparse ? FewestSparseInputs(dense_columns) : layout.input_count()) + layout.output_count());
  for (const DenseShape& shape : layout.layers()) {
    width += 2.0 * static_cast<double>(shape.units());
    if (shape.pieces > 1) width += static_cast<double>(shape.fan_out + shape.units());
  }
  const int passes = rows.measured > 0 ? 2 : 1;
  // The best parameters once more as they are measured at the end.
  const double kept =
      state.kept + GradientBytes(options, layout, array) + 2 * best + place +
      passes * width * static_cast<double>(kBlockRows) * real + 8.0 * static_cast<double>(rows.all) +
      MeasuringBytes(PlanMeasuring(options, layout.output_count()), rows.all) +
      (sparse ? PackedBytes(options, layout, rows) : ExampleBytes(options.precision, rows.all, layout.input_count())) +
      kFixedBytes;
  const double snapshot = 2 * (state.saved + best + place);
  const double bytes = kept + std::max(snapshot, DrawingBytes(options.initialization, layout));
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
