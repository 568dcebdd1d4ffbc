#include "core/data/conditioning.h"

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <span>

#include "core/base/random.h"
#include "core/data/column_scan.h"

namespace trainyard {
namespace {

constexpr double kMaxWork = 2e8;

// Rows that the search for duplicates looks at first; those that are alike there are compared in every row.
constexpr int64_t kMaxProjectedRows = 65'536;
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// Rows that enter the correlation matrix at a time, and rows of a stretch.
constexpr Eigen::Index kBlockRows = 256;

// Projections of standardised columns differ by less where the columns are the same up to sign.
constexpr double kSameProjection = 1e-7;

// Distance from the line through two columns, in deviations.
constexpr double kSameValue = 1e-9;

// Columns of equal projections that a column is compared with, value by value.
constexpr int kMaxComparisons = 8;

// The rows of a data set without missing numbers, restricted to its numeric features.
class CompleteRows {
 public:
  explicit CompleteRows(const Dataset& dataset) : dataset_(dataset) {
    for (int i = 0; i < static_cast<int>(dataset.schema().columns.size()); ++i) {
      const Column& column = dataset.schema().columns[i];
      if (column.role != ColumnRole::kFeature || column.type != ColumnType::kNumeric) continue;
      if (column.missing_count == dataset.row_count()) continue;
      const CellPlace place = dataset.place(i);
      SourcesOf(place.kind).push_back({.cell = place.index, .column = static_cast<int>(columns_.size())});
      columns_.push_back(i);
    }
    cells_.resize(columns_.size());
    all_complete_ = std::all_of(columns_.begin(), columns_.end(),
                                [&](int i) { return dataset.schema().columns[i].missing_count == 0; });
    for (int64_t row = 0; !all_complete_ && row < dataset.row_count(); ++row) {
      if (Load(row)) rows_.push_back(static_cast<uint32_t>(row));
    }
  }

  size_t width() const { return columns_.size(); }
  int64_t count() const { return all_complete_ ? dataset_.row_count() : static_cast<int64_t>(rows_.size()); }
  bool all_complete() const { return all_complete_; }
  const NumericStatistics& statistics(size_t column) const {
    return dataset_.schema().columns[columns_[column]].numeric;
  }
  const std::string& name(size_t column) const { return dataset_.schema().columns[columns_[column]].name; }

  // The cells of the i-th row; valid until the next call.
  std::span<const double> Row(int64_t i) {
    Load(At(i));
    return cells_;
  }

  double Cell(int64_t i, size_t column) const { return dataset_.Number(At(i), columns_[column]); }

 private:
  int64_t At(int64_t i) const { return all_complete_ ? i : rows_[i]; }

  // Where the number of a column is among the cells of its kind.
  struct Source {
    int cell;
    int column;
  };

  std::vector<Source>& SourcesOf(CellKind kind) {
    return kind == CellKind::kU8 ? u8_ : kind == CellKind::kF32 ? f32_ : f64_;
  }

  // False where a number is missing.
  bool Load(int64_t row) {
    const auto copy = [&](const auto& cells, const std::vector<Source>& sources) {
      for (const Source& source : sources) cells_[source.column] = static_cast<double>(cells(row, source.cell));
    };
    copy(dataset_.u8(), u8_);
    copy(dataset_.f32(), f32_);
    copy(dataset_.f64(), f64_);
    return all_complete_ || std::none_of(cells_.begin(), cells_.end(), [](double x) { return std::isnan(x); });
  }

  const Dataset& dataset_;
  std::vector<int> columns_;
  std::vector<Source> u8_;
  std::vector<Source> f32_;
  std::vector<Source> f64_;
  bool all_complete_ = false;
  std::vector<uint32_t> rows_;  // unless all are complete
  std::vector<double> cells_;
};

struct ColumnMoments {
  double mean = 0;
  double deviation = 0;
  double minimum = 0;
  double maximum = 0;

  // The standardised column times two random ones.
  std::array<double, 2> projections = {};

  bool constant() const { return minimum == maximum; }
};

// Those of all rows are in the schema.
std::vector<ColumnMoments> KnownMoments(const CompleteRows& rows) {
  std::vector<ColumnMoments> moments(rows.width());
  for (size_t j = 0; j < moments.size(); ++j) {
    const NumericStatistics& known = rows.statistics(j);
    moments[j] = {.mean = known.mean, .deviation = known.deviation, .minimum = known.minimum, .maximum = known.maximum};
  }
  return moments;
}

std::vector<ColumnMoments> MeasureMoments(CompleteRows& rows) {
  if (rows.all_complete()) return KnownMoments(rows);
  std::vector<NumberScan> scans(rows.width());
  for (int64_t i = 0; i < rows.count(); ++i) {
    const std::span<const double> cells = rows.Row(i);
    for (size_t j = 0; j < cells.size(); ++j) scans[j].Add(cells[j]);
  }
  std::vector<ColumnMoments> moments(rows.width());
  for (size_t j = 0; j < moments.size(); ++j) {
    const NumericStatistics measured = scans[j].statistics();
    moments[j] = {.mean = measured.mean,
                  .deviation = measured.deviation,
                  .minimum = measured.minimum,
                  .maximum = measured.maximum};
  }
  return moments;
}

// The i-th of `looked_at` rows of `count`: kBlockRows in a row, then some left out.
int64_t RowInStretches(int64_t i, int64_t looked_at, int64_t count) {
  const int64_t first = i / kBlockRows * kBlockRows;
  const double start = static_cast<double>(first) * static_cast<double>(count) / static_cast<double>(looked_at);
  return std::min(static_cast<int64_t>(start) + i - first, count - 1);
}

void Project(CompleteRows& rows, std::vector<ColumnMoments>& moments) {
  const RandomStream random(0, RandomPurpose::kProjection, 0);
  const int64_t looked_at = std::min(rows.count(), kMaxProjectedRows);
  const double size = std::sqrt(static_cast<double>(looked_at));
  for (int64_t i = 0; i < looked_at; ++i) {
    const double first = random.Uniform(2 * static_cast<uint64_t>(i)) - 0.5;
    const double second = random.Uniform(2 * static_cast<uint64_t>(i) + 1) - 0.5;
    const std::span<const double> cells = rows.Row(RowInStretches(i, looked_at, rows.count()));
    for (size_t j = 0; j < cells.size(); ++j) {
      if (moments[j].constant()) continue;
      const double z = (cells[j] - moments[j].mean) / (moments[j].deviation * size);
      moments[j].projections[0] += first * z;
      moments[j].projections[1] += second * z;
    }
  }
}

// Whether column `a` is column `b` in every row, up to sign, offset, scale and rounding.
bool Same(const CompleteRows& rows, const std::vector<ColumnMoments>& moments, size_t a, size_t b) {
  const ColumnMoments& x = moments[b];
  const ColumnMoments& y = moments[a];
  const double sign = x.projections[0] * y.projections[0] < 0 ? -1 : 1;
  const double slope = sign * y.deviation / x.deviation;
  const double size_x = std::max(std::abs(x.minimum), std::abs(x.maximum));
  const double size_y = std::max(std::abs(y.minimum), std::abs(y.maximum));
  const double tolerance = kSameValue * y.deviation + 8 * kEpsilon * (size_y + std::abs(slope) * size_x);
  for (int64_t i = 0; i < rows.count(); ++i) {
    if (std::abs(rows.Cell(i, a) - y.mean - slope * (rows.Cell(i, b) - x.mean)) > tolerance) return false;
  }
  return true;
}

bool SameProjections(const ColumnMoments& a, const ColumnMoments& b) {
  const double sign = a.projections[0] * b.projections[0] < 0 ? -1 : 1;
  return std::abs(a.projections[0] - sign * b.projections[0]) < kSameProjection &&
         std::abs(a.projections[1] - sign * b.projections[1]) < kSameProjection;
}

// Reports the duplicates and returns the columns that are neither constant nor duplicates.
std::vector<size_t> FindDistinct(const CompleteRows& rows, const std::vector<ColumnMoments>& moments,
                                 Conditioning& conditioning) {
  std::vector<size_t> distinct;
  std::multimap<double, size_t> by_projection;
  for (size_t j = 0; j < moments.size(); ++j) {
    const double projection = std::abs(moments[j].projections[0]);
    // Numbers too large or too small to be squared have none.
    if (moments[j].constant() || !std::isfinite(projection)) continue;
    std::vector<size_t> alike;
    for (auto it = by_projection.lower_bound(projection - kSameProjection);
         it != by_projection.end() && it->first < projection + kSameProjection && alike.size() < kMaxComparisons;
         ++it) {
      if (SameProjections(moments[j], moments[it->second])) alike.push_back(it->second);
    }
    std::sort(alike.begin(), alike.end());
    const auto same = std::find_if(alike.begin(), alike.end(), [&](size_t k) { return Same(rows, moments, j, k); });
    if (same != alike.end()) {
      conditioning.duplicate_columns.push_back({rows.name(j), rows.name(*same)});
    } else {
      distinct.push_back(j);
      by_projection.emplace(projection, j);
    }
  }
  return distinct;
}

void ReportDeviations(const CompleteRows& rows, const std::vector<ColumnMoments>& moments, Conditioning& conditioning) {
  for (size_t j = 0; j < moments.size(); ++j) {
    if (moments[j].constant()) {
      conditioning.constant_columns.push_back(rows.name(j));
      continue;
    }
    const double deviation = moments[j].deviation;
    if (conditioning.largest_deviation_column.empty() || deviation > conditioning.largest_deviation) {
      conditioning.largest_deviation = deviation;
      conditioning.largest_deviation_column = rows.name(j);
    }
    if (conditioning.smallest_deviation_column.empty() || deviation < conditioning.smallest_deviation) {
      conditioning.smallest_deviation = deviation;
      conditioning.smallest_deviation_column = rows.name(j);
    }
  }
}

int64_t RowsLookedAt(int64_t count, size_t columns) {
  const double width = static_cast<double>(std::max<size_t>(columns, 1));
  return static_cast<int64_t>(std::min(static_cast<double>(count), std::max(2 * width, kMaxWork / (width * width))));
}

// The correlation matrix of `columns` over `looked_at` rows in evenly spaced stretches; columns that are constant there left out.
Eigen::MatrixXd Correlate(CompleteRows& rows, const std::vector<ColumnMoments>& moments,
                          const std::vector<size_t>& columns, int64_t looked_at) {
  const Eigen::Index width = static_cast<Eigen::Index>(columns.size());
  if (width == 0) return {};
  Eigen::MatrixXd products = Eigen::MatrixXd::Zero(width, width);
  Eigen::VectorXd sums = Eigen::VectorXd::Zero(width);
  Eigen::MatrixXd block(width, kBlockRows);
  for (int64_t first = 0; first < looked_at; first += kBlockRows) {
    const Eigen::Index count = std::min<int64_t>(kBlockRows, looked_at - first);
    for (Eigen::Index k = 0; k < count; ++k) {
      const std::span<const double> cells = rows.Row(RowInStretches(first + k, looked_at, rows.count()));
      for (Eigen::Index j = 0; j < width; ++j) {
        const ColumnMoments& column = moments[columns[static_cast<size_t>(j)]];
        block(j, k) = (cells[columns[static_cast<size_t>(j)]] - column.mean) / column.deviation;
      }
    }
    products.selfadjointView<Eigen::Lower>().rankUpdate(block.leftCols(count));
    sums += block.leftCols(count).rowwise().sum();
  }
  products.selfadjointView<Eigen::Lower>().rankUpdate(sums, -1.0 / static_cast<double>(looked_at));
  const double rounding = static_cast<double>(looked_at) * kEpsilon;
  std::vector<Eigen::Index> varying;
  for (Eigen::Index j = 0; j < width; ++j) {
    if (products(j, j) > rounding) varying.push_back(j);
  }
  Eigen::MatrixXd full = products.selfadjointView<Eigen::Lower>();
  const Eigen::MatrixXd kept = full(varying, varying);
  const Eigen::VectorXd scale = kept.diagonal().cwiseSqrt().cwiseInverse();
  return scale.asDiagonal() * kept * scale.asDiagonal();
}

double ConditionNumber(const Eigen::MatrixXd& correlation) {
  if (correlation.rows() == 0) return 0;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(correlation, Eigen::EigenvaluesOnly);
  const double largest = solver.eigenvalues()(correlation.rows() - 1);
  const double smallest = solver.eigenvalues()(0);
  const double rounding = static_cast<double>(correlation.rows()) * kEpsilon * largest;
  return smallest > rounding ? largest / smallest : std::numeric_limits<double>::infinity();
}

bool HasNumericFeature(const Schema& schema) {
  return std::any_of(schema.columns.begin(), schema.columns.end(), [](const Column& column) {
    return column.role == ColumnRole::kFeature && column.type == ColumnType::kNumeric;
  });
}

}  // namespace

std::optional<Conditioning> MeasureConditioning(const Dataset& dataset) {
  if (!HasNumericFeature(dataset.schema())) return std::nullopt;
  Conditioning conditioning;
  CompleteRows rows(dataset);
  if (rows.count() == 0 || rows.width() == 0) return conditioning;
  std::vector<ColumnMoments> moments = MeasureMoments(rows);
  Project(rows, moments);
  ReportDeviations(rows, moments, conditioning);
  const std::vector<size_t> distinct = FindDistinct(rows, moments, conditioning);
  conditioning.row_count = rows.count();
  if (distinct.size() > kMaxCorrelated) return conditioning;
  conditioning.row_count = RowsLookedAt(rows.count(), distinct.size());
  conditioning.correlation_condition_number =
      ConditionNumber(Correlate(rows, moments, distinct, conditioning.row_count));
  return conditioning;
}

}  // namespace trainyard
