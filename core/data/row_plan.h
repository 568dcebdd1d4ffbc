// What binding an encoding to a data set finds out, once, so that rows can be encoded without looking anything up.

#ifndef TRAINYARD_CORE_DATA_ROW_PLAN_H_
#define TRAINYARD_CORE_DATA_ROW_PLAN_H_

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "core/data/encoding.h"

namespace trainyard {

struct RowEncoder::Plan {
  // In place of an input's or class's index.
  static constexpr int32_t kAllZero = -1;
  static constexpr int32_t kRefused = -2;

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

  // What the numbers of a column lie within.
  struct Range {
    void Take(double x) {
      smallest = std::min(smallest, x);
      largest = std::max(largest, x);
    }

    double smallest;
    double largest;
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

  const Dataset* dataset;

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
  double weight_bound = 1;
  std::vector<double> class_weights;  // by class; empty where all are 1

  absl::StatusOr<int> FindColumn(const std::string& name, ColumnType wanted) const;
  absl::StatusOr<NumberColumn> BindNumbers(const std::string& name) const;
  absl::Status BindFeature(const FeatureEncoding& feature);
  absl::Status BindNumeric(const FeatureEncoding& feature, int64_t input);
  Range RangeOf(const NumberColumn& source) const;
  void BoundNumeric(const FeatureEncoding& feature, const NumberColumn& source);
  absl::Status BindCategorical(const FeatureEncoding& feature, int64_t first_input);
  absl::Status BindSparse(const FeatureEncoding& feature, int64_t first_input);
  absl::Status BindTarget(const TargetEncoding& target);
  absl::Status BindWeights(const Encoding& encoding);

  absl::Status CheckFeature(const GuardedFeature& feature, int64_t row) const;
  absl::Status CheckTarget(int64_t row) const;

  // Fetches the numbers of a row, which lie side by side: rows are picked from all over the data set.
  void Prefetch(int64_t row) const;

  // Fetches its class, and what says where its sparse numbers are.
  void PrefetchPlaces(int64_t row) const;

  template <typename Real>
  void EncodeRow(int64_t row, Real* inputs) const;

  // Nothing but that column becomes an input.
  bool is_one_sparse_column() const;

  // Calls visit(input, x) for each input that may be other than 0. Encode and EncodeSparse give the same numbers.
  template <typename Visit>
  void VisitRow(int64_t row, Visit visit) const;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_ROW_PLAN_H_
