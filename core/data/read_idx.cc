#include <optional>
#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/data/bad_data.h"
#include "core/data/idx.h"
#include "core/data/number_table.h"
#include "core/data/plan_columns.h"
#include "core/data/read_table.h"

namespace trainyard {
namespace {

constexpr std::string_view kLabel = "label";

struct IdxTable {
  IdxArray examples;
  std::optional<IdxArray> labels;
};

absl::StatusOr<IdxTable> ReadArrays(std::string_view content) {
  if (content.empty()) return BadData("the file is empty; it must begin with an IDX array");
  IdxTable table;
  size_t offset = 0;
  ASSIGN_OR_RETURN(table.examples, ReadIdxArray(content, &offset));
  if (table.examples.dimensions.size() < 2) {
    return BadData("the IDX array at byte 0: its rank is 1; the array of examples must have rank 2 or more");
  }
  if (offset == content.size()) return table;

  const size_t labels_at = offset;
  ASSIGN_OR_RETURN(table.labels, ReadIdxArray(content, &offset));
  if (table.labels->dimensions.size() != 1 || table.labels->item_count() != table.examples.item_count()) {
    return BadData(absl::StrCat("the IDX array at byte ", labels_at, ": the array of labels must have rank 1 and ",
                                table.examples.item_count(), " items, it has rank ", table.labels->dimensions.size(),
                                " and ", table.labels->item_count()));
  }
  if (offset != content.size()) {
    return BadData(absl::StrCat(content.size() - offset, " bytes follow the last IDX array, at byte ", offset));
  }
  return table;
}

// The labels are the target, where there are such and the options do not say otherwise.
ReadOptions WithTarget(ReadOptions options, const IdxTable& table) {
  const std::string label(kLabel);
  if (!options.target.has_value() && table.labels.has_value() && options.weight != label &&
      !DeclaredIgnored(options, label)) {
    options.target = label;
  }
  return options;
}

}  // namespace

absl::StatusOr<ReadResult> ReadIdx(std::string_view content, const ReadOptions& options, const ReadLimits& limits,
                                   ByteSink& sink) {
  ASSIGN_OR_RETURN(const IdxTable table, ReadArrays(content));
  const IdxArray& examples = table.examples;
  RETURN_IF_ERROR(CheckTableSize(examples.item_size, examples.item_count(), limits));
  NumberTable numbers{.names = ElementNames(examples.dimensions), .row_count = examples.item_count()};
  if (table.labels.has_value()) numbers.names.emplace_back(kLabel);
  numbers.read = [&table](int64_t row, std::span<double> cells) {
    const size_t elements = static_cast<size_t>(table.examples.item_size);
    table.examples.Decode(row, cells.first(elements));
    if (table.labels.has_value()) table.labels->Decode(row, cells.subspan(elements));
  };
  return ReadNumbers(numbers, WithTarget(options, table), limits, sink);
}

}  // namespace trainyard
