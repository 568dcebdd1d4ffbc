// How columns become the numbers that a network sees. Fitted on the training part alone, and kept with the model.
//
//   numeric: one input, (x - offset) * scale.   categorical: one-hot over the categories of the training part.
//   sparse: one input for each number, as it is: never scaled, since an offset would leave nothing sparse.
//
// Rows in errors count from 1.

#ifndef TRAINYARD_CORE_DATA_ENCODING_H_
#define TRAINYARD_CORE_DATA_ENCODING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/matrix.h"
#include "core/data/class_weights.h"
#include "core/data/dataset.h"

namespace trainyard {

enum class Scaling { kStandardize, kMinMax, kNone };
enum class Missing { kMean, kMostFrequent, kOwnCategory, kRefuse };
enum class Unseen { kAllZero, kRefuse };

struct EncodingOptions {
  Scaling scaling = Scaling::kStandardize;
  Missing missing_numeric = Missing::kMean;             // kMean, kMostFrequent or kRefuse
  Missing missing_categorical = Missing::kOwnCategory;  // kMostFrequent, kOwnCategory or kRefuse
  Unseen unseen = Unseen::kAllZero;

  friend bool operator==(const EncodingOptions&, const EncodingOptions&) = default;
};

// INVALID_ARGUMENT: a rule for missing cells that does not fit the type.
absl::Status Validate(const EncodingOptions& options);

struct FeatureEncoding {
  std::string column;
  ColumnType type = ColumnType::kNumeric;

  // Numeric. A constant column has scale 0, unless Scaling::kNone.
  double offset = 0;
  double scale = 1;
  std::optional<double> missing_value;  // in the column's unit; nullopt: refused

  // Categorical. With missing_category == categories.size() a missing cell has an input of its own, the last.
  std::vector<std::string> categories;
  std::optional<int> missing_category;  // nullopt: refused
  Unseen unseen = Unseen::kAllZero;

  // Sparse. The width of the training data set's column; numbers at indices beyond are left out, or refused, as `unseen` says.
  int64_t sparse_width = 0;

  // Inputs that the column takes.
  int64_t width() const;

  friend bool operator==(const FeatureEncoding&, const FeatureEncoding&) = default;
};

struct TargetEncoding {
  std::string column;
  ColumnType type = ColumnType::kNumeric;
  std::vector<std::string> classes;  // categorical: in the schema's order, those of the training part

  // By class; empty where all are 1.
  std::vector<double> class_weights;

  friend bool operator==(const TargetEncoding&, const TargetEncoding&) = default;
};

struct Encoding {
  std::vector<FeatureEncoding> features;  // in the schema's order
  TargetEncoding target;

  // The column of weights, empty where there is none. An example's weight in the loss is weight_scale times the column's, times that of
  // its class; weight_scale makes their mean over the training part 1.
  std::string weight_column;
  double weight_scale = 1;

  int64_t input_count() const;

  friend bool operator==(const Encoding&, const Encoding&) = default;
};

// Whether nearly all inputs of a row are 0: there are 512 or more, and at least 8 for each numeric or categorical column, each of which
// has one that is not 0. A sparse column does not count: its user says by its type that nearly all of its numbers are 0.
bool HasSparseInputs(const Encoding& encoding);
bool HasSparseInputs(int64_t input_count, int64_t dense_columns);

// Numeric and categorical features.
int64_t DenseColumns(const Encoding& encoding);

// The inputs of so many columns, from which on they are sparse.
int64_t FewestSparseInputs(int64_t dense_columns);

// Inputs that are not 0: row i has values[k] at inputs[k] for k in [begin[i], begin[i + 1]). No input comes twice in a row.
template <typename Real>
struct SparseRows {
  std::vector<int64_t> begin;
  std::vector<uint32_t> inputs;
  std::vector<Real> values;
};

// One such row.
template <typename Real>
struct SparseRow {
  std::span<const uint32_t> inputs;
  std::span<const Real> values;
  double squares = 0;  // their sum, as SquaredNorm gives it
};

struct DataWarning {
  std::string reason;  // stable, upper case
  std::string message;

  friend bool operator==(const DataWarning&, const DataWarning&) = default;
};

struct FittedEncoding {
  Encoding encoding;

  // CONSTANT_COLUMN, EMPTY_COLUMN.
  std::vector<DataWarning> warnings;
};

// Fits on `rows` of `dataset`; features are all columns of that role but `target`. Sums run in the order of rows, in double. With
// kOwnCategory every categorical column has the input for missing cells. A numeric column without a value among `rows` is 0 throughout.
// INVALID_ARGUMENT (reason BAD_DATA, with row and column): a missing cell where missing cells are refused; no feature left; a column that
// double can't scale; weights that sum to 0. Class weights that double can't scale are a FieldError on `class_weights`; they are for a
// categorical target.
absl::StatusOr<FittedEncoding> FitEncoding(const Dataset& dataset, std::span<const uint32_t> rows, int target,
                                           const EncodingOptions& options,
                                           const std::optional<ClassWeightOptions>& class_weights = std::nullopt);

// An encoding bound to a data set: knows where the cells are. Thread-safe.
class RowEncoder {
 public:
  enum class Needs { kFeatures, kFeaturesAndTarget };

  // `dataset` must outlive this. A numeric column of the encoding may be categorical in the data set if its categories are numbers.
  // INVALID_ARGUMENT (BAD_DATA, with the column): a column of the encoding is not there, or has another type.
  static absl::StatusOr<RowEncoder> Bind(const Encoding& encoding, const Dataset& dataset, Needs needs);

  // INVALID_ARGUMENT (BAD_DATA, with row and column): the first cell among `rows` that the encoding refuses, or a target that is missing
  // or not among the classes.
  absl::Status Check(std::span<const uint32_t> rows) const;

  // INVALID_ARGUMENT (BAD_DATA, with row and column): the first numeric target among `rows` that is below `smallest`.
  absl::Status CheckTargets(std::span<const uint32_t> rows, double smallest) const;

  // Writes one row of inputs and one target for each of `rows`, which must have passed Check. `inputs` is [rows.size(), input_count].
  // Allocates nothing. Instantiated for float and double.
  template <typename Real>
  void Encode(std::span<const uint32_t> rows, MatrixView<Real> inputs, const TargetBuffer& targets) const;

  // Inputs alone.
  template <typename Real>
  void Encode(std::span<const uint32_t> rows, MatrixView<Real> inputs) const;

  // The same inputs without those that are 0, in place of what `inputs` held. Allocates only where `inputs` was never so large.
  template <typename Real>
  void EncodeSparse(std::span<const uint32_t> rows, SparseRows<Real>& inputs) const;

  // The same for one row, where its inputs are those that the data set holds: of one sparse column and nothing else. Else nullopt. Values that
  // it holds in another precision are written to `values`, rounded; one that becomes 0 is an input all the same.
  template <typename Real>
  std::optional<SparseRow<Real>> StoredRow(uint32_t row, std::vector<Real>& values) const;

  // Where StoredRow answers: the numbers of row i are at most those from element i to element i + 1. Else empty.
  std::span<const int64_t> stored_row_begin() const;

  // Asks for some of the rows that are encoded next, `following`, so that they are near by then, given that `count` others are encoded
  // now: called before each minibatch, it asks for each row once.
  void FetchAhead(int64_t count, std::span<const uint32_t> following) const;

  // How many rows FetchAhead looks at.
  static constexpr int64_t kFetchedAhead = 16;

  // Targets alone.
  void EncodeTargets(std::span<const uint32_t> rows, const TargetBuffer& targets) const;

  // As HasSparseInputs of the encoding.
  bool has_sparse_inputs() const;

  int64_t input_count() const;
  int64_t row_count() const;  // of the data set

  // At least the magnitude of every input of every row; infinity where the data set does not know.
  double input_bound() const;

  // Of an encoder that knows the target: whether examples differ by weight; else each weighs 1. And at least every weight.
  bool has_weights() const;
  double weight_bound() const;

  // Of an encoder that knows the target: whether targets are classes.
  bool has_classes() const;

 private:
  struct Plan;
  explicit RowEncoder(std::shared_ptr<const Plan> plan) : plan_(std::move(plan)) {}

  std::shared_ptr<const Plan> plan_;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_ENCODING_H_
