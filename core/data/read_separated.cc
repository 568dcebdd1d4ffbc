// CSV and TSV.

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/csv.h"
#include "core/data/missing_cells.h"
#include "core/data/number.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"
#include "core/data/row_block.h"
#include "core/data/row_numbers.h"
#include "core/data/short_number.h"

namespace trainyard {
namespace {

// Columns of which numbers are taken as they are, and the fields of a row that are taken; eight to a mask, the first the lowest bit.
class FastColumns {
 public:
  explicit FastColumns(size_t columns) : fast_(columns / 8 + 1), taken_(columns / 8 + 1) {}

  void Set(size_t column, bool fast) {
    const uint8_t bit = static_cast<uint8_t>(1 << column % 8);
    fast_[column / 8] = static_cast<uint8_t>(fast ? fast_[column / 8] | bit : fast_[column / 8] & ~bit);
  }
  bool Has(size_t column) const { return (fast_[column / 8] >> column % 8 & 1) != 0; }

  // Of a row of `columns` fields, which are found as ReadRowNumbers has them: the values of short numbers in fast columns. The others are
  // read by read(column).
  template <typename Read>
  absl::Status ReadPlain(ReadRowNumbers read_numbers, const char* text, const uint32_t* ends, std::span<double> cells,
                         Read read) {
    read_numbers(text, ends, cells.size(), cells.data(), taken_.data());
    for (size_t column = 0; column < cells.size(); column += 8) {
      const uint32_t all = cells.size() - column < 8 ? (1u << (cells.size() - column)) - 1 : 0xFF;
      for (uint32_t rest = all & ~(taken_[column / 8] & fast_[column / 8]); rest != 0; rest &= rest - 1) {
        RETURN_IF_ERROR(read(column + static_cast<size_t>(std::countr_zero(rest))));
      }
    }
    return absl::OkStatus();
  }

 private:
  std::vector<uint8_t> fast_;
  std::vector<uint8_t> taken_;
};

// Bytes of text from which the layout of the records is drafted.
constexpr size_t kDraftBytes = size_t{4} << 20;
constexpr size_t kToTheEnd = std::numeric_limits<size_t>::max();

class SeparatedTable {
 public:
  SeparatedTable(CsvReader start, const ReadOptions& options, const ReadLimits& limits, std::string_view content,
                 absl::FunctionRef<absl::Status(size_t)> passed)
      : start_(std::move(start)),
        missing_(options.missing),
        limits_(limits),
        passed_(passed),
        first_(content.data()),
        // Short numbers are read this far behind their start.
        last_short_(content.data() + content.size() - std::min(content.size(), kShortNumberReach)) {}

  absl::Status Plan(ReadOptions options) {
    if (!options.target.has_value()) options.target = LastFeature(start_.names(), options);
    ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns(start_.names(), options));
    scans_.reserve(plans.size());
    for (ColumnPlan& plan : plans) scans_.emplace_back(std::move(plan), limits_.max_categories);
    return absl::OkStatus();
  }

  absl::StatusOr<DatasetHead> Read(ByteSink& sink) {
    ASSIGN_OR_RETURN(const DatasetHead draft, Draft());
    const std::vector<ColumnScan> drafted = std::exchange(scans_, ScannedAgain());
    const RecordLayout layout(draft.schema, draft.kinds);
    DatasetWriter writer(layout, sink);
    RETURN_IF_ERROR(writer.Start(draft));
    RecordWriter records(drafted, layout, writer);
    bool holds = true;
    ASSIGN_OR_RETURN(const int64_t row_count, Scan(kToTheEnd, [&](const RowBlock& block) {
                       holds = holds && AreStoredBy(drafted);
                       return holds ? records.Write(block) : absl::OkStatus();
                     }));
    RETURN_IF_ERROR(FirstNotFinite());
    RETURN_IF_ERROR(ScanLateCategories());
    DatasetHead head = FinishScans(scans_, row_count);
    if (holds && head.kinds == draft.kinds) {
      RETURN_IF_ERROR(writer.Finish());
      ASSIGN_OR_RETURN(const bool replaced, writer.ReplaceHead(head));
      if (replaced) return head;
    }
    RETURN_IF_ERROR(sink.Restart());
    RETURN_IF_ERROR(Write(head, sink));
    return head;
  }

 private:
  // What a scan of the first rows alone finds; the scans are finished.
  absl::StatusOr<DatasetHead> Draft() {
    ASSIGN_OR_RETURN(const int64_t row_count,
                     Scan(start_.position() + kDraftBytes, [](const RowBlock&) { return absl::OkStatus(); }));
    return FinishScans(scans_, row_count);
  }

  std::vector<ColumnScan> ScannedAgain() const {
    std::vector<ColumnScan> scans;
    scans.reserve(scans_.size());
    for (const ColumnScan& scan : scans_) scans.push_back(scan.Again());
    return scans;
  }

  bool AreStoredBy(const std::vector<ColumnScan>& finished) const {
    for (size_t i = 0; i < scans_.size(); ++i) {
      if (!scans_[i].IsStoredBy(finished[i])) return false;
    }
    return true;
  }

  // Scans the rows that start before `end` and returns their count. Shows each block to `visit` once it is scanned.
  template <typename Visit>
  absl::StatusOr<int64_t> Scan(size_t end, Visit visit) {
    int64_t row_count = 0;
    FastColumns fast = FindFastColumns();
    const auto scan_row = [&](const CsvReader& reader, std::span<double> cells) -> absl::Status {
      if (row_count == limits_.max_rows)
        return BadCell(reader.line(), int64_t{1}, absl::StrCat("the limit is ", row_count, " rows"));
      RETURN_IF_ERROR(ReadCells(reader, fast, cells, [&](size_t i, std::string_view cell, double* value) {
        const absl::Status status = ScanCell(scans_[i], reader.line(), row_count, cell, value);
        fast.Set(i, IsFast(i));
        return status;
      }));
      ++row_count;
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(ForEachBlock(end, scan_row, [&](const RowBlock& block) {
      AddStatistics(block, scans_);
      return visit(block);
    }));
    if (row_count == 0) return BadCell(2, std::string_view(start_.names()[0]), "no row follows the header");
    return row_count;
  }

  // Fills blocks with the rows that start before `end`, by read_row(reader, cells).
  template <typename ReadRow, typename Visit>
  absl::Status ForEachBlock(size_t end, ReadRow read_row, Visit visit) const {
    CsvReader reader = start_;
    RowBlock block(scans_.size());
    while (reader.position() < end) {
      ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) break;
      RETURN_IF_ERROR(read_row(reader, block.Next()));
      block.Add();
      if (!block.full()) continue;
      RETURN_IF_ERROR(visit(block));
      RETURN_IF_ERROR(passed_(reader.position()));
      block.Clear();
    }
    return visit(block);
  }

  // Where numbers are taken as they are, and none of them stands for a missing cell.
  bool IsFast(size_t column) const { return !missing_.HasNumbers() && scans_[column].takes_any_number(); }

  FastColumns FindFastColumns() const {
    FastColumns fast(scans_.size());
    for (size_t i = 0; i < scans_.size(); ++i) fast.Set(i, IsFast(i));
    return fast;
  }

  bool TakeNumber(std::string_view cell, double* value) const {
    const bool is_in_content =
        first_ <= cell.data() && cell.data() <= last_short_;  // else it had quotes, or is the last
    return (is_in_content && ParseShortNumber(cell, value)) || ParseNumber(cell, value) == NumberKind::kFinite;
  }

  // Most cells of most tables are numbers in fast columns, and short ones. The others are read by read_cell(column, cell, &value).
  template <typename ReadCell>
  absl::Status ReadCells(const CsvReader& reader, FastColumns& fast, std::span<double> cells,
                         ReadCell read_cell) const {
    const auto read = [&](size_t column) -> absl::Status {
      const std::string_view cell = reader.field(column);
      if (fast.Has(column) && TakeNumber(cell, &cells[column])) return absl::OkStatus();
      return read_cell(column, cell, &cells[column]);
    };
    if (reader.plain_ends() != nullptr) {
      return fast.ReadPlain(read_numbers_, reader.plain_text(), reader.plain_ends(), cells, read);
    }
    for (size_t column = 0; column < cells.size(); ++column) RETURN_IF_ERROR(read(column));
    return absl::OkStatus();
  }

  absl::Status ScanCell(ColumnScan& scan, int64_t line, int64_t rows_before, std::string_view cell,
                        double* value) const {
    return missing_.Contains(cell) ? ScanMissing(scan, line, value) : scan.AddText(line, rows_before, cell, value);
  }

  static absl::Status ScanMissing(ColumnScan& scan, int64_t line, double* value) {
    *value = std::numeric_limits<double>::quiet_NaN();
    return scan.AddMissing(line);
  }

  absl::Status FirstNotFinite() const {
    const ColumnScan* first = nullptr;
    for (const ColumnScan& scan : scans_) {
      if (!scan.not_finite_row().has_value()) continue;
      if (first == nullptr || *scan.not_finite_row() < *first->not_finite_row()) first = &scan;
    }
    return first == nullptr ? absl::OkStatus() : first->NotFinite();
  }

  // One more pass where text came late in a column.
  absl::Status ScanLateCategories() {
    std::vector<size_t> late;
    for (size_t i = 0; i < scans_.size(); ++i) {
      if (scans_[i].wants_categories()) late.push_back(i);
    }
    if (late.empty()) return absl::OkStatus();
    CsvReader reader = start_;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) return absl::OkStatus();
      for (const size_t i : late) {
        const std::string_view cell = reader.field(i);
        if (!missing_.Contains(cell)) RETURN_IF_ERROR(scans_[i].AddCategory(reader.line(), cell).status());
      }
    }
  }

  // The last pass, where the draft did not hold.
  absl::Status Write(const DatasetHead& head, ByteSink& sink) const {
    const RecordLayout layout(head.schema, head.kinds);
    DatasetWriter writer(layout, sink);
    RETURN_IF_ERROR(writer.Start(head));
    RecordWriter records(scans_, layout, writer);
    FastColumns fast = FindFastColumns();
    RETURN_IF_ERROR(ForEachBlock(
        kToTheEnd,
        [&](const CsvReader& reader, std::span<double> cells) {
          return ReadCells(reader, fast, cells, [this](size_t i, std::string_view cell, double* value) {
            *value = missing_.Contains(cell) ? std::numeric_limits<double>::quiet_NaN() : scans_[i].Value(cell);
            return absl::OkStatus();
          });
        },
        [&records](const RowBlock& block) { return records.Write(block); }));
    return writer.Finish();
  }

  const CsvReader start_;  // behind the header
  const MissingCells missing_;
  const ReadLimits limits_;
  const absl::FunctionRef<absl::Status(size_t)> passed_;
  const char* const first_;
  const char* const last_short_;
  const ReadRowNumbers read_numbers_ = BestRowNumbers();
  std::vector<ColumnScan> scans_;
};

}  // namespace

absl::StatusOr<ReadResult> ReadSeparated(std::string_view content, char separator, const ReadOptions& options,
                                         const ReadLimits& limits, ByteSink& sink,
                                         absl::FunctionRef<absl::Status(size_t)> passed) {
  ASSIGN_OR_RETURN(CsvReader reader, CsvReader::Open(content, separator, limits.max_columns));
  SeparatedTable table(std::move(reader), options, limits, content, passed);
  RETURN_IF_ERROR(table.Plan(options));
  ASSIGN_OR_RETURN(DatasetHead head, table.Read(sink));
  ReadResult result = ResultOf(std::move(head));
  if (std::optional<std::string> odd = WarningOfOddCells(result.schema, options)) {
    result.warnings.push_back(*std::move(odd));
  }
  return result;
}

}  // namespace trainyard
