#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/encoding.h"
#include "core/data/number.h"

namespace trainyard {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// In place of an input's or class's index.
constexpr int32_t kAllZero = -1;
constexpr int32_t kRefused = -2;

// Numeric columns whose cells lie side by side, and so do their inputs.
struct NumericRun {
  CellKind kind;
  int64_t first_cell;
  int64_t first_input;
  int64_t count;
};

// A categorical column of the data set. `inputs` by code, that of missing cells last: an input within the column's, or one of the above.
struct OneHot {
  int column;
  int64_t first_input;
  int64_t width;
  std::vector<int32_t> inputs;
};

// A column of numbers, which the data set may hold as categories; then by code, missing last.
struct NumberColumn {
  int column;
  std::vector<double> by_code;

  double At(const Dataset& dataset, int64_t row) const {
    if (by_code.empty()) return dataset.Number(row, column);
    return by_code[std::min<size_t>(dataset.Code(row, column), by_code.size() - 1)];
  }
};

struct EncodedNumber {
  NumberColumn source;
  int64_t input;
};

// A column with cells that Check may refuse.
struct GuardedFeature {
  int column;
  std::optional<NumberColumn> numbers;          // refused where missing
  std::optional<size_t> one_hot;                // index among the one-hot columns
  std::optional<int64_t> width = std::nullopt;  // of a sparse column, whose indices beyond are refused
};

// Cells at index `width` and beyond have no input.
struct SparseColumn {
  int column;
  int64_t first_input;
  int64_t width;
};

struct ClassColumn {
  int column;
  std::vector<int32_t> classes;  // by code; kRefused
};

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

// The same values in the precision of the inputs.
struct Rounded {
  std::vector<double> doubles;
  std::vector<float> floats;

  void Resize(size_t size, double value) {
    doubles.resize(size, value);
    floats.resize(size, static_cast<float>(value));
  }

  template <typename Real>
  const Real* As() const {
    if constexpr (std::is_same_v<Real, float>) return floats.data();
    if constexpr (std::is_same_v<Real, double>) return doubles.data();
  }
};

}  // namespace

struct RowEncoder::Plan {
  const Dataset* dataset;

  // By name; a search for each feature of a wide data set would take minutes.
  std::unordered_map<std::string_view, int> columns;

  int64_t input_count = 0;
  double input_bound = 1;  // of one-hot inputs; more where other columns have more
  bool has_sparse_inputs = false;

  // By input; as many as numeric ones need.
  Rounded offsets;
  Rounded scales;
  std::vector<double> missing;

  std::vector<NumericRun> runs;
  std::vector<EncodedNumber> coded_numbers;
  std::vector<OneHot> one_hots;
  std::vector<SparseColumn> sparse;
  std::vector<GuardedFeature> guarded;

  std::optional<ClassColumn> classes;
  std::optional<NumberColumn> numbers;
  std::optional<NumberColumn> weights;
  double weight_scale = 1;
  std::vector<double> class_weights;  // by class; empty where all are 1

  absl::StatusOr<int> FindColumn(const std::string& name, ColumnType wanted) const;
  absl::StatusOr<NumberColumn> BindNumbers(const std::string& name) const;
  absl::Status BindFeature(const FeatureEncoding& feature);
  absl::Status BindNumeric(const FeatureEncoding& feature, int64_t input);
  void BoundNumeric(const FeatureEncoding& feature, const NumberColumn& source);
  absl::Status BindCategorical(const FeatureEncoding& feature, int64_t first_input);
  absl::Status BindSparse(const FeatureEncoding& feature, int64_t first_input);
  absl::Status BindTarget(const TargetEncoding& target);
  absl::Status BindWeights(const Encoding& encoding);

  absl::Status CheckFeature(const GuardedFeature& feature, int64_t row) const;
  absl::Status CheckTarget(int64_t row) const;

  // Fetches the numbers of a row that lie side by side: rows are picked from all over the data set.
  void Prefetch(int64_t row) const;

  template <typename Real>
  void EncodeRow(int64_t row, Real* inputs) const;

  // Calls visit(input, x) for each input that may be other than 0. Encode and EncodeSparse give the same numbers.
  template <typename Visit>
  void VisitRow(int64_t row, Visit visit) const;
};

absl::StatusOr<int> RowEncoder::Plan::FindColumn(const std::string& name, ColumnType wanted) const {
  const auto found = columns.find(name);
  if (found == columns.end()) return BadColumn(name, "the data set has no such column");
  const int column = found->second;
  const ColumnType type = dataset->schema().columns[column].type;
  if (type == ColumnType::kIgnored) return BadColumn(name, "the data set ignores this column");
  if ((wanted == ColumnType::kSparse) != (type == ColumnType::kSparse)) {
    return BadColumn(name, wanted == ColumnType::kSparse
                               ? "the model wants a sparse column here, the data set's is not"
                               : "the data set has a sparse column here, the model wants none");
  }
  if (wanted == ColumnType::kCategorical && type == ColumnType::kNumeric) {
    return BadColumn(name, "the data set has numbers here, the model wants categories; declare the column categorical");
  }
  return column;
}

absl::StatusOr<NumberColumn> RowEncoder::Plan::BindNumbers(const std::string& name) const {
  ASSIGN_OR_RETURN(const int index, FindColumn(name, ColumnType::kNumeric));
  NumberColumn bound{index, {}};
  const Column& column = dataset->schema().columns[index];
  if (column.type == ColumnType::kNumeric) return bound;
  for (const Category& category : column.categories) {
    double x;
    if (ParseNumber(category.value, &x) != NumberKind::kFinite) {
      return BadColumn(name,
                       absl::StrCat("the data set has ", Quoted(category.value), " here, the model wants numbers"));
    }
    bound.by_code.push_back(x);
  }
  bound.by_code.push_back(kNan);
  return bound;
}

absl::Status RowEncoder::Plan::BindFeature(const FeatureEncoding& feature) {
  const int64_t first_input = input_count;
  input_count += feature.width();
  if (feature.type == ColumnType::kCategorical) return BindCategorical(feature, first_input);
  if (feature.type == ColumnType::kSparse) return BindSparse(feature, first_input);
  offsets.Resize(static_cast<size_t>(input_count), feature.offset);
  scales.Resize(static_cast<size_t>(input_count), feature.scale);
  missing.resize(static_cast<size_t>(input_count), feature.missing_value.value_or(kNan));
  return BindNumeric(feature, first_input);
}

absl::Status RowEncoder::Plan::BindSparse(const FeatureEncoding& feature, int64_t first_input) {
  ASSIGN_OR_RETURN(const int column, FindColumn(feature.column, ColumnType::kSparse));
  const bool wider = dataset->schema().columns[column].width > feature.width();
  if (wider && feature.unseen == Unseen::kRefuse) {
    guarded.push_back({.column = column, .width = feature.width()});
  }
  sparse.push_back({column, first_input, feature.width()});
  input_bound = std::numeric_limits<double>::infinity();
  return absl::OkStatus();
}

void RowEncoder::Plan::BoundNumeric(const FeatureEncoding& feature, const NumberColumn& source) {
  const NumericStatistics& statistics = dataset->schema().columns[source.column].numeric;
  double smallest = statistics.minimum;
  double largest = statistics.maximum;
  for (const double x : source.by_code) {
    if (std::isnan(x)) continue;
    smallest = std::min(smallest, x);
    largest = std::max(largest, x);
  }
  if (feature.missing_value.has_value()) {
    smallest = std::min(smallest, *feature.missing_value);
    largest = std::max(largest, *feature.missing_value);
  }
  constexpr double kRounding = 1 + 1e-6;  // of cells and of inputs, to float
  const double distance = std::max(std::abs(smallest - feature.offset), std::abs(largest - feature.offset));
  input_bound = std::max(input_bound, (distance + kRounding - 1) * std::abs(feature.scale) * kRounding);
}

absl::Status RowEncoder::Plan::BindNumeric(const FeatureEncoding& feature, int64_t input) {
  ASSIGN_OR_RETURN(NumberColumn source, BindNumbers(feature.column));
  BoundNumeric(feature, source);
  const CellPlace place = dataset->place(source.column);
  if (!feature.missing_value.has_value() && place.kind != CellKind::kU8)
    guarded.push_back({source.column, source, std::nullopt});
  if (place.kind == CellKind::kCode) {
    coded_numbers.push_back({std::move(source), input});
    return absl::OkStatus();
  }
  if (!runs.empty()) {
    NumericRun& last = runs.back();
    const bool follows = last.kind == place.kind && last.first_cell + last.count == place.index &&
                         last.first_input + last.count == input;
    if (follows) {
      ++last.count;
      return absl::OkStatus();
    }
  }
  runs.push_back({place.kind, place.index, input, 1});
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindCategorical(const FeatureEncoding& feature, int64_t first_input) {
  ASSIGN_OR_RETURN(const int column, FindColumn(feature.column, ColumnType::kCategorical));
  std::unordered_map<std::string_view, int32_t> inputs;
  for (size_t i = 0; i < feature.categories.size(); ++i) inputs.emplace(feature.categories[i], static_cast<int32_t>(i));
  OneHot one_hot{column, first_input, feature.width(), {}};
  for (const Category& category : dataset->schema().columns[column].categories) {
    const auto found = inputs.find(category.value);
    one_hot.inputs.push_back(found != inputs.end()               ? found->second
                             : feature.unseen == Unseen::kRefuse ? kRefused
                                                                 : kAllZero);
  }
  one_hot.inputs.push_back(feature.missing_category.value_or(kRefused));
  const bool refuses = std::find(one_hot.inputs.begin(), one_hot.inputs.end(), kRefused) != one_hot.inputs.end();
  if (refuses) guarded.push_back({column, std::nullopt, one_hots.size()});
  one_hots.push_back(std::move(one_hot));
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindTarget(const TargetEncoding& target) {
  if (target.type == ColumnType::kNumeric) {
    ASSIGN_OR_RETURN(numbers, BindNumbers(target.column));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const int column, FindColumn(target.column, ColumnType::kCategorical));
  std::unordered_map<std::string_view, int32_t> index;
  for (size_t i = 0; i < target.classes.size(); ++i) index.emplace(target.classes[i], static_cast<int32_t>(i));
  classes = ClassColumn{column, {}};
  for (const Category& category : dataset->schema().columns[column].categories) {
    const auto found = index.find(category.value);
    classes->classes.push_back(found != index.end() ? found->second : kRefused);
  }
  return absl::OkStatus();
}

absl::Status RowEncoder::Plan::BindWeights(const Encoding& encoding) {
  class_weights = encoding.target.class_weights;
  if (!encoding.weight_column.empty() || !class_weights.empty()) weight_scale = encoding.weight_scale;
  if (encoding.weight_column.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(weights, BindNumbers(encoding.weight_column));
  return absl::OkStatus();
}

absl::StatusOr<RowEncoder> RowEncoder::Bind(const Encoding& encoding, const Dataset& dataset, Needs needs) {
  auto plan = std::make_shared<Plan>();
  plan->dataset = &dataset;
  for (const Column& column : dataset.schema().columns) {
    plan->columns.emplace(column.name, static_cast<int>(plan->columns.size()));
  }
  for (const FeatureEncoding& feature : encoding.features) RETURN_IF_ERROR(plan->BindFeature(feature));
  plan->has_sparse_inputs = HasSparseInputs(encoding);
  if (needs == Needs::kFeaturesAndTarget) {
    RETURN_IF_ERROR(plan->BindTarget(encoding.target));
    RETURN_IF_ERROR(plan->BindWeights(encoding));
  }
  return RowEncoder(std::move(plan));
}

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
    for (const GuardedFeature& feature : plan_->guarded) RETURN_IF_ERROR(plan_->CheckFeature(feature, row));
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
    const auto fetch = [&](const auto& cells) {
      const auto* const first = reinterpret_cast<const char*>(&cells(row, run.first_cell));
      const auto* const end = reinterpret_cast<const char*>(&cells(row, run.first_cell) + run.count);
      for (const char* line = first; line < end; line += 64) __builtin_prefetch(line);
    };
    if (run.kind == CellKind::kU8) {
      fetch(dataset->u8());
    } else if (run.kind == CellKind::kF32) {
      fetch(dataset->f32());
    } else {
      fetch(dataset->f64());
    }
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
int64_t RowEncoder::row_count() const { return plan_->dataset->row_count(); }
bool RowEncoder::has_classes() const { return plan_->classes.has_value(); }

template <typename Real>
void RowEncoder::EncodeSparse(std::span<const uint32_t> rows, SparseRows<Real>& inputs) const {
  inputs.begin.assign(1, 0);
  inputs.inputs.clear();
  inputs.values.clear();
  for (const uint32_t row : rows) {
    plan_->VisitRow(row, [&inputs](int64_t input, double x) {
      const Real value = static_cast<Real>(x);
      if (value == 0) return;
      inputs.inputs.push_back(static_cast<uint32_t>(input));
      inputs.values.push_back(value);
    });
    inputs.begin.push_back(static_cast<int64_t>(inputs.inputs.size()));
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

}  // namespace trainyard
