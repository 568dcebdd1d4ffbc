#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/prefetch.h"
#include "core/base/squared_norm.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/row_plan.h"

namespace trainyard {
namespace {

template <typename Cell, typename Real>
void EncodeRun(const Cell* __restrict cells, const double* __restrict offsets, const double* __restrict scales,
               const double* __restrict missing, int64_t count, Real* __restrict inputs) {
  for (int64_t j = 0; j < count; ++j) {
    double x = static_cast<double>(cells[j]);
    x = x == x ? x : missing[j];
    inputs[j] = static_cast<Real>((x - offsets[j]) * scales[j]);
  }
}

// Bytes are never missing, and exact in every precision: all is done in that of the inputs.
template <typename Real>
void EncodeBytes(const uint8_t* __restrict cells, const Real* __restrict offsets, const Real* __restrict scales,
                 int64_t count, Real* __restrict inputs) {
  for (int64_t j = 0; j < count; ++j) inputs[j] = (static_cast<Real>(cells[j]) - offsets[j]) * scales[j];
}

constexpr size_t kSparseRowsAhead = 8;

template <typename Number>
void FetchLines(const Number* numbers, int64_t count) {
  const auto* const end = reinterpret_cast<const char*>(numbers + count);
  for (const char* line = reinterpret_cast<const char*>(numbers); line < end; line += 64) trainyard::Prefetch(line);
}

}  // namespace

absl::Status RowEncoder::Plan::CheckFeature(const GuardedFeature& feature, int64_t row) const {
  const Column& column = dataset->schema().columns[feature.column];
  constexpr std::string_view kMissing = "the cell is missing, and missing cells are refused";
  if (feature.numbers.has_value()) {
    return std::isnan(feature.numbers->At(*dataset, row)) ? BadCell(row + 1, column.name, kMissing) : absl::OkStatus();
  }
  if (feature.width.has_value()) {
    const SparseCells& cells = dataset->sparse(feature.column);
    if (cells.begin(row) == cells.end(row)) return absl::OkStatus();
    const int64_t last = cells.indices[static_cast<size_t>(cells.end(row) - 1)];
    if (last < *feature.width) return absl::OkStatus();
    return BadCell(row + 1, column.name,
                   absl::StrCat("the index ", last + 1, " is beyond the ", *feature.width,
                                " of the training data set, and such are refused"));
  }
  const std::vector<int32_t>& inputs = one_hots[*feature.one_hot].inputs;
  const uint32_t code = dataset->Code(row, feature.column);
  if (inputs[std::min<size_t>(code, inputs.size() - 1)] != kRefused) return absl::OkStatus();
  if (code == kMissingCode) return BadCell(row + 1, column.name, kMissing);
  return BadCell(row + 1, column.name,
                 absl::StrCat("the category ", Quoted(column.categories[code].value),
                              " is not in the training part, and such are refused"));
}

absl::Status RowEncoder::Plan::CheckTarget(int64_t row) const {
  if (numbers.has_value() && std::isnan(numbers->At(*dataset, row))) {
    return BadCell(row + 1, dataset->schema().columns[numbers->column].name, "the target is missing");
  }
  if (classes.has_value()) {
    const Column& column = dataset->schema().columns[classes->column];
    const uint32_t code = dataset->Code(row, classes->column);
    if (code == kMissingCode) return BadCell(row + 1, column.name, "the target is missing");
    if (classes->classes[code] == kRefused) {
      return BadCell(row + 1, column.name,
                     absl::StrCat(Quoted(column.categories[code].value), " is not a class of the training part"));
    }
  }
  if (weights.has_value() && !(weights->At(*dataset, row) >= 0)) {
    return BadCell(row + 1, dataset->schema().columns[weights->column].name,
                   "the weight must be a number of at least 0");
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::Check(std::span<const uint32_t> rows) const {
  for (const uint32_t row : rows) {
    for (const Plan::GuardedFeature& feature : plan_->guarded) RETURN_IF_ERROR(plan_->CheckFeature(feature, row));
    RETURN_IF_ERROR(plan_->CheckTarget(row));
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::CheckTargets(std::span<const uint32_t> rows, double smallest) const {
  if (!plan_->numbers.has_value()) return absl::OkStatus();
  const Column& column = plan_->dataset->schema().columns[plan_->numbers->column];
  for (const uint32_t row : rows) {
    const double target = plan_->numbers->At(*plan_->dataset, row);
    if (target < smallest) {
      return BadCell(int64_t{row} + 1, column.name,
                     absl::StrCat("the target is ", target, ", and the loss wants at least ", smallest));
    }
  }
  return absl::OkStatus();
}

void RowEncoder::Plan::Prefetch(int64_t row) const {
  for (const NumericRun& run : runs) {
    const auto fetch = [&](const auto& cells) { FetchLines(&cells(row, run.first_cell), run.count); };
    if (run.kind == CellKind::kU8) {
      fetch(dataset->u8());
    } else if (run.kind == CellKind::kF32) {
      fetch(dataset->f32());
    } else {
      fetch(dataset->f64());
    }
  }
  for (const SparseColumn& column : sparse) {
    const SparseCells& cells = dataset->sparse(column.column);
    const int64_t begin = cells.begin(row);
    const int64_t count = cells.end(row) - begin;
    FetchLines(cells.indices.data() + begin, count);
    if (!cells.f32.empty()) FetchLines(cells.f32.data() + begin, count);
    if (!cells.f64.empty()) FetchLines(cells.f64.data() + begin, count);
  }
}

void RowEncoder::Plan::PrefetchPlaces(int64_t row) const {
  if (classes.has_value()) trainyard::Prefetch(&dataset->codes()(row, dataset->place(classes->column).index));
  for (const SparseColumn& column : sparse) {
    trainyard::Prefetch(&dataset->sparse(column.column).row_begin[static_cast<size_t>(row)]);
  }
}

template <typename Real>
void RowEncoder::Plan::EncodeRow(int64_t row, Real* inputs) const {
  for (const NumericRun& run : runs) {
    const double* const offset = offsets.doubles.data() + run.first_input;
    const double* const scale = scales.doubles.data() + run.first_input;
    const double* const fill = missing.data() + run.first_input;
    Real* const out = inputs + run.first_input;
    if (run.kind == CellKind::kU8) {
      EncodeBytes(&dataset->u8()(row, run.first_cell), offsets.As<Real>() + run.first_input,
                  scales.As<Real>() + run.first_input, run.count, out);
    } else if (run.kind == CellKind::kF32) {
      EncodeRun(&dataset->f32()(row, run.first_cell), offset, scale, fill, run.count, out);
    } else {
      EncodeRun(&dataset->f64()(row, run.first_cell), offset, scale, fill, run.count, out);
    }
  }
  for (const EncodedNumber& number : coded_numbers) {
    const size_t i = static_cast<size_t>(number.input);
    const double x = number.source.At(*dataset, row);
    inputs[i] = static_cast<Real>(((std::isnan(x) ? missing[i] : x) - offsets.doubles[i]) * scales.doubles[i]);
  }
  for (const OneHot& one_hot : one_hots) {
    Real* const begin = inputs + one_hot.first_input;
    std::fill(begin, begin + one_hot.width, Real{0});
    const uint32_t code = dataset->Code(row, one_hot.column);
    const int32_t input = one_hot.inputs[std::min<size_t>(code, one_hot.inputs.size() - 1)];
    if (input >= 0) begin[input] = Real{1};
  }
  for (const SparseColumn& column : sparse) {
    Real* const begin = inputs + column.first_input;
    std::fill(begin, begin + column.width, Real{0});
    const SparseCells& cells = dataset->sparse(column.column);
    for (int64_t k = cells.begin(row); k < cells.end(row); ++k) {
      const int64_t index = cells.indices[static_cast<size_t>(k)];
      if (index < column.width) begin[index] = static_cast<Real>(cells.value(k));
    }
  }
}

template <typename Visit>
void RowEncoder::Plan::VisitRow(int64_t row, Visit visit) const {
  const auto number = [&](int64_t input, double x) {
    const size_t i = static_cast<size_t>(input);
    visit(input, ((std::isnan(x) ? missing[i] : x) - offsets.doubles[i]) * scales.doubles[i]);
  };
  for (const NumericRun& run : runs) {
    for (int64_t j = 0; j < run.count; ++j) {
      const int64_t cell = run.first_cell + j;
      const double x = run.kind == CellKind::kU8    ? static_cast<double>(dataset->u8()(row, cell))
                       : run.kind == CellKind::kF32 ? static_cast<double>(dataset->f32()(row, cell))
                                                    : dataset->f64()(row, cell);
      number(run.first_input + j, x);
    }
  }
  for (const EncodedNumber& coded : coded_numbers) number(coded.input, coded.source.At(*dataset, row));
  for (const OneHot& one_hot : one_hots) {
    const uint32_t code = dataset->Code(row, one_hot.column);
    const int32_t input = one_hot.inputs[std::min<size_t>(code, one_hot.inputs.size() - 1)];
    if (input >= 0) visit(one_hot.first_input + input, 1.0);
  }
  for (const SparseColumn& column : sparse) {
    const SparseCells& cells = dataset->sparse(column.column);
    for (int64_t k = cells.begin(row); k < cells.end(row); ++k) {
      const int64_t index = cells.indices[static_cast<size_t>(k)];
      if (index < column.width) visit(column.first_input + index, cells.value(k));
    }
  }
}

bool RowEncoder::has_sparse_inputs() const { return plan_->has_sparse_inputs; }
int64_t RowEncoder::input_count() const { return plan_->input_count; }
double RowEncoder::input_bound() const { return plan_->input_bound; }
bool RowEncoder::has_weights() const { return plan_->weights.has_value() || !plan_->class_weights.empty(); }
double RowEncoder::weight_bound() const { return plan_->weight_bound; }
int64_t RowEncoder::row_count() const { return plan_->dataset->row_count(); }
bool RowEncoder::has_classes() const { return plan_->classes.has_value(); }

template <typename Real>
void RowEncoder::EncodeSparse(std::span<const uint32_t> rows, SparseRows<Real>& inputs) const {
  inputs.begin.assign(1, 0);
  inputs.inputs.clear();
  inputs.values.clear();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kSparseRowsAhead < rows.size()) plan_->Prefetch(rows[i + kSparseRowsAhead]);
    plan_->VisitRow(rows[i], [&inputs](int64_t input, double x) {
      const Real value = static_cast<Real>(x);
      if (value == 0) return;
      inputs.inputs.push_back(static_cast<uint32_t>(input));
      inputs.values.push_back(value);
    });
    inputs.begin.push_back(static_cast<int64_t>(inputs.inputs.size()));
  }
}

bool RowEncoder::Plan::is_one_sparse_column() const {
  return sparse.size() == 1 && runs.empty() && coded_numbers.empty() && one_hots.empty();
}

template <typename Real>
std::optional<SparseRow<Real>> RowEncoder::StoredRow(uint32_t row, std::vector<Real>& values) const {
  if (!plan_->is_one_sparse_column()) return std::nullopt;
  const Plan::SparseColumn& column = plan_->sparse[0];
  const SparseCells& cells = plan_->dataset->sparse(column.column);
  const size_t begin = static_cast<size_t>(cells.begin(row));
  const size_t count = static_cast<size_t>(cells.end(row)) - begin;
  if (count == 0) return SparseRow<Real>();
  const std::span<const uint32_t> inputs = cells.indices.subspan(begin, count);
  if (inputs.back() >= column.width) return std::nullopt;
  if (const std::span<const Real> stored = cells.As<Real>(); !stored.empty()) {
    const std::span<const Real> own = stored.subspan(begin, count);
    return SparseRow<Real>{inputs, own, SquaredNorm(own)};
  }
  const auto round = [&](const auto& stored) {
    const auto first = stored.begin() + static_cast<std::ptrdiff_t>(begin);
    values.resize(count);
    std::transform(first, first + static_cast<std::ptrdiff_t>(count), values.begin(),
                   [](auto value) { return static_cast<Real>(value); });
  };
  cells.f64.empty() ? round(cells.f32) : round(cells.f64);
  return SparseRow<Real>{inputs, values, SquaredNorm(std::span<const Real>(values))};
}

std::span<const int64_t> RowEncoder::stored_row_begin() const {
  if (!plan_->is_one_sparse_column()) return {};
  return plan_->dataset->sparse(plan_->sparse[0].column).row_begin;
}

// Where a sparse row begins must be known to ask for the row: that is asked for earlier.
void RowEncoder::FetchAhead(int64_t count, std::span<const uint32_t> following) const {
  constexpr int64_t kNear = 8;
  const int64_t size = static_cast<int64_t>(following.size());
  for (int64_t i = std::max<int64_t>(kFetchedAhead - count, 0); i < std::min(kFetchedAhead, size); ++i) {
    plan_->PrefetchPlaces(following[static_cast<size_t>(i)]);
  }
  for (int64_t i = std::max<int64_t>(kNear - count, 0); i < std::min(kNear, size); ++i) {
    plan_->Prefetch(following[static_cast<size_t>(i)]);
  }
}

template <typename Real>
void RowEncoder::Encode(std::span<const uint32_t> rows, MatrixView<Real> inputs) const {
  constexpr size_t kRowsAhead = 4;
  for (size_t i = 0; i < rows.size() && i < kRowsAhead; ++i) plan_->Prefetch(rows[i]);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kRowsAhead < rows.size()) plan_->Prefetch(rows[i + kRowsAhead]);
    plan_->EncodeRow(rows[i], inputs.row(static_cast<int64_t>(i)).data());
  }
}

template <typename Real>
void RowEncoder::Encode(std::span<const uint32_t> rows, MatrixView<Real> inputs, const TargetBuffer& targets) const {
  Encode(rows, inputs);
  EncodeTargets(rows, targets);
}

void RowEncoder::EncodeTargets(std::span<const uint32_t> rows, const TargetBuffer& targets) const {
  const Dataset& dataset = *plan_->dataset;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (plan_->classes.has_value())
      targets.classes[i] = plan_->classes->classes[dataset.Code(rows[i], plan_->classes->column)];
    if (plan_->numbers.has_value()) targets.numbers[i] = plan_->numbers->At(dataset, rows[i]);
    const double own = plan_->weights.has_value() ? plan_->weights->At(dataset, rows[i]) : 1;
    targets.weights[i] = own * plan_->weight_scale;
    if (!plan_->class_weights.empty()) targets.weights[i] *= plan_->class_weights[targets.classes[i]];
  }
}

template void RowEncoder::Encode(std::span<const uint32_t>, MatrixView<float>, const TargetBuffer&) const;
template void RowEncoder::Encode(std::span<const uint32_t>, MatrixView<double>, const TargetBuffer&) const;
template void RowEncoder::Encode(std::span<const uint32_t>, MatrixView<float>) const;
template void RowEncoder::Encode(std::span<const uint32_t>, MatrixView<double>) const;
template void RowEncoder::EncodeSparse(std::span<const uint32_t>, SparseRows<float>&) const;
template void RowEncoder::EncodeSparse(std::span<const uint32_t>, SparseRows<double>&) const;
template std::optional<SparseRow<float>> RowEncoder::StoredRow(uint32_t, std::vector<float>&) const;
template std::optional<SparseRow<double>> RowEncoder::StoredRow(uint32_t, std::vector<double>&) const;

}  // namespace trainyard
