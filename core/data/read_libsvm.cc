#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/libsvm.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {
namespace {

constexpr std::string_view kLabel = "label";
constexpr std::string_view kFeatures = "features";

absl::Status CheckRole(std::string_view field, const std::optional<std::string>& column, std::string_view rule) {
  if (column != kFeatures) return absl::OkStatus();
  return FieldError(field, kFeatures, rule);
}

class LibsvmTable {
 public:
  LibsvmTable(std::string_view content, const ReadLimits& limits) : content_(content), limits_(limits) {}

  absl::Status Plan(ReadOptions options) {
    const std::string features(kFeatures);
    const std::string label(kLabel);
    RETURN_IF_ERROR(CheckRole("target", options.target, "label: a sparse column can't be the target"));
    RETURN_IF_ERROR(CheckRole("weight", options.weight, "label: a sparse column can't hold the weights"));
    if (options.split.has_value()) {
      return FieldError("split", std::string_view(*options.split), "left out: a LIBSVM file has no column of text");
    }
    if (const auto type = options.types.find(features); type != options.types.end()) {
      if (type->second != ColumnType::kSparse && type->second != ColumnType::kIgnored) {
        return FieldError("types[features]", type->second == ColumnType::kNumeric ? "numeric" : "categorical",
                          "sparse or ignored");
      }
      features_type_ = type->second;
      options.types.erase(type);
    }
    const auto label_type = options.types.find(label);
    const bool label_ignored = label_type != options.types.end() && label_type->second == ColumnType::kIgnored;
    if (!options.target.has_value() && options.weight != label && !label_ignored) options.target = label;
    ASSIGN_OR_RETURN(std::vector<ColumnPlan> plans, PlanColumns({label, features}, options));
    scans_.emplace_back(std::move(plans[0]), limits_.max_categories);
    return absl::OkStatus();
  }

  // The first pass.
  absl::StatusOr<DatasetHead> Scan() {
    int64_t row_count = 0;
    Column features{.name = std::string(kFeatures), .type = features_type_};
    NumberScan values;
    RETURN_IF_ERROR(ForEachExample([&](const LibsvmReader& reader) {
      if (row_count == limits_.max_rows)
        return BadCell(reader.line(), kLabel, absl::StrCat("the limit is ", row_count, " rows"));
      ++row_count;
      for (const double value : reader.features().values) values.Add(value);
      const std::vector<uint32_t>& indices = reader.features().indices;
      if (!indices.empty()) features.width = std::max(features.width, int64_t{indices.back()} + 1);
      return scans_[0].AddNumber(reader.line(), reader.label());
    }));
    if (row_count == 0)
      return BadCell(int64_t{1}, kLabel, "the file has no example; a line must be label index:value …");
    DatasetHead head = FinishScans(scans_, row_count);
    if (features.type == ColumnType::kIgnored) features.width = 0;
    if (features.type == ColumnType::kSparse) features.nonzero_count = values.count();
    head.schema.columns.push_back(std::move(features));
    head.kinds.push_back(SparseKind(values));
    return head;
  }

  // A pass for the records, and one for each array of the sparse column.
  absl::Status Write(const DatasetHead& head, ByteSink& sink) const {
    const RecordLayout layout(head.schema, head.kinds);
    DatasetWriter writer(layout, sink);
    RETURN_IF_ERROR(writer.Start(head));
    RETURN_IF_ERROR(ForEachExample([&](const LibsvmReader& reader) {
      if (!scans_[0].ignored()) scans_[0].StoreNumber(reader.label(), writer.Record() + layout.Offset(0));
      return writer.Commit();
    }));
    if (features_type_ == ColumnType::kSparse) {
      RETURN_IF_ERROR(writer.Align());
      RETURN_IF_ERROR(WriteRowBegins(writer));
      RETURN_IF_ERROR(WriteValues(head.kinds[1], writer));
      RETURN_IF_ERROR(writer.Align());
      RETURN_IF_ERROR(ForEachExample([&writer](const LibsvmReader& reader) {
        return writer.Append(std::as_bytes(std::span(reader.features().indices)));
      }));
      RETURN_IF_ERROR(writer.Align());
    }
    return writer.Finish();
  }

 private:
  template <typename Visit>
  absl::Status ForEachExample(Visit visit) const {
    LibsvmReader reader(content_, limits_.max_sparse_width);
    while (true) {
      ASSIGN_OR_RETURN(const bool more, reader.Next());
      if (!more) return absl::OkStatus();
      RETURN_IF_ERROR(visit(reader));
    }
  }

  absl::Status WriteRowBegins(DatasetWriter& writer) const {
    std::array<uint64_t, 1> begin = {0};
    RETURN_IF_ERROR(writer.Append(std::as_bytes(std::span(begin))));
    return ForEachExample([&](const LibsvmReader& reader) {
      begin[0] += reader.features().indices.size();
      return writer.Append(std::as_bytes(std::span(begin)));
    });
  }

  absl::Status WriteValues(CellKind kind, DatasetWriter& writer) const {
    std::vector<float> narrow;
    return ForEachExample([&](const LibsvmReader& reader) {
      const std::vector<double>& values = reader.features().values;
      if (kind == CellKind::kF64) return writer.Append(std::as_bytes(std::span(values)));
      narrow.assign(values.begin(), values.end());
      return writer.Append(std::as_bytes(std::span(narrow)));
    });
  }

  const std::string_view content_;
  const ReadLimits limits_;
  std::vector<ColumnScan> scans_;  // of the label
  ColumnType features_type_ = ColumnType::kSparse;
};

}  // namespace

absl::StatusOr<ReadResult> ReadLibsvm(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                      ByteSink& sink) {
  LibsvmTable table(content, limits);
  RETURN_IF_ERROR(table.Plan(options));
  ASSIGN_OR_RETURN(DatasetHead head, table.Scan());
  RETURN_IF_ERROR(table.Write(head, sink));
  return ResultOf(std::move(head));
}

}  // namespace trainyard
