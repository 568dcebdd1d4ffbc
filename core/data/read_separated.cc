// CSV and TSV.

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/csv.h"
#include "core/data/number.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {
namespace {

// The cells that count as missing. Most cells fail at their length or first byte.
class MissingCells {
 public:
  explicit MissingCells(const std::vector<std::string>& cells) : cells_(cells) {
    for (const std::string& cell : cells) {
      if (cell.empty()) continue;
      first_bytes_[static_cast<uint8_t>(cell[0])] = true;
      longest_ = std::max(longest_, cell.size());
    }
    first_bytes_[' '] = true;
    empty_ = std::find(cells.begin(), cells.end(), "") != cells.end();
  }

  bool Contains(std::string_view cell) const {
    if (cell.empty()) return empty_;
    return first_bytes_[static_cast<uint8_t>(cell[0])] && Search(cell);
  }

 private:
  bool Search(std::string_view cell) const {
    const std::string_view bare = WithoutSpaces(cell);
    if (bare.size() > longest_) return false;
    return std::any_of(cells_.begin(), cells_.end(),
                       [&](const std::string& missing) { return missing == cell || missing == bare; });
  }

  const std::vector<std::string>& cells_;
  std::array<bool, 256> first_bytes_{};
  size_t longest_ = 0;
  bool empty_ = false;
};

class SeparatedTable {
 public:
  SeparatedTable(CsvReader start, const ReadOptions& options, const ReadLimits& limits)
      : start_(std::move(start)), missing_(options.missing), limits_(limits) {}

  absl::Status Plan(ReadOptions options) {
    if (!options.target.has_value()) options.target = LastFeature(start_.names(), options);
    ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns(start_.names(), options));
    scans_.reserve(plans.size());
    for (ColumnPlan& plan : plans) scans_.emplace_back(std::move(plan), limits_.max_categories);
    return absl::OkStatus();
  }

  // The first pass.
  absl::StatusOr<DatasetHead> Scan() {
    int64_t row_count = 0;
    RETURN_IF_ERROR(ForEachRow([&](const CsvReader& reader) {
      if (row_count == limits_.max_rows)
        return BadCell(reader.line(), int64_t{1}, absl::StrCat("the limit is ", row_count, " rows"));
      ++row_count;
      return ScanRow(reader);
    }));
    if (row_count == 0) return BadCell(2, std::string_view(start_.names()[0]), "no row follows the header");
    RETURN_IF_ERROR(FirstNotFinite());
    RETURN_IF_ERROR(ScanLateCategories());
    return FinishScans(scans_, row_count);
  }

  // The last pass.
  absl::Status Write(const DatasetHead& head, ByteSink sink) {
    const RecordLayout layout(head.schema, head.kinds);
    DatasetWriter writer(layout, sink);
    RETURN_IF_ERROR(writer.Start(head));
    std::vector<int64_t> offsets;
    for (size_t i = 0; i < scans_.size(); ++i) offsets.push_back(layout.Offset(static_cast<int>(i)));
    RETURN_IF_ERROR(ForEachRow([&](const CsvReader& reader) {
      for (size_t i = 0; i < scans_.size(); ++i) {
        if (!scans_[i].ignored()) StoreCell(scans_[i], reader.fields()[i], writer.Record() + offsets[i]);
      }
      return writer.Commit();
    }));
    return writer.Finish();
  }

 private:
  template <typename Visit>
  absl::Status ForEachRow(Visit visit) const {
    CsvReader reader = start_;
    while (true) {
      ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) return absl::OkStatus();
      RETURN_IF_ERROR(visit(reader));
    }
  }

  absl::Status ScanRow(const CsvReader& reader) {
    for (size_t i = 0; i < scans_.size(); ++i) {
      const std::string_view cell = reader.fields()[i];
      RETURN_IF_ERROR(missing_.Contains(cell) ? scans_[i].AddMissing(reader.line())
                                              : scans_[i].AddText(reader.line(), cell));
    }
    return absl::OkStatus();
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
    return ForEachRow([&](const CsvReader& reader) -> absl::Status {
      for (const size_t i : late) {
        const std::string_view cell = reader.fields()[i];
        if (!missing_.Contains(cell)) RETURN_IF_ERROR(scans_[i].AddCategory(reader.line(), cell));
      }
      return absl::OkStatus();
    });
  }

  void StoreCell(const ColumnScan& scan, std::string_view text, std::byte* cell) const {
    if (missing_.Contains(text)) return scan.StoreMissing(cell);
    scan.StoreText(text, cell);
  }

  const CsvReader start_;  // behind the header
  const MissingCells missing_;
  const ReadLimits limits_;
  std::vector<ColumnScan> scans_;
};

}  // namespace

absl::StatusOr<ReadResult> ReadSeparated(std::string_view content, char separator, const ReadOptions& options,
                                         const ReadLimits& limits, ByteSink sink) {
  ASSIGN_OR_RETURN(CsvReader reader, CsvReader::Open(content, separator, limits.max_columns));
  SeparatedTable table(std::move(reader), options, limits);
  RETURN_IF_ERROR(table.Plan(options));
  ASSIGN_OR_RETURN(DatasetHead head, table.Scan());
  RETURN_IF_ERROR(table.Write(head, sink));
  return ResultOf(std::move(head));
}

}  // namespace trainyard
