#include "core/data/sparse_numbers.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"
#include "core/data/bad_data.h"
#include "core/data/number.h"

namespace trainyard {
namespace {

constexpr std::string_view kSpaces = " \t";
constexpr size_t kMaxIndexDigits = 18;

std::string Shown(std::string_view text) {
  return IsUtf8(text) ? Quoted(text) : std::string("a text that is not UTF-8");
}

// The number of decimal digits alone; -1 for other texts.
int64_t ParseIndex(std::string_view text) {
  if (text.empty() || text.size() > kMaxIndexDigits) return -1;
  int64_t index = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    index = 10 * index + (c - '0');
  }
  return index;
}

std::optional<SparseFault> ParsePair(std::string_view pair, int64_t max_width, SparseNumbers& numbers,
                                     int64_t& last_index) {
  const size_t colon = pair.find(':');
  if (colon == std::string_view::npos) return SparseFault{0, absl::StrCat(Shown(pair), " must be index:value")};
  if (pair.substr(0, colon) == "qid") {
    return SparseFault{0,
                       "groups of a query (qid) belong to ranking, which is not among the tasks here; leave them out"};
  }
  const int64_t index = ParseIndex(pair.substr(0, colon));
  if (index < 0) return SparseFault{0, absl::StrCat(Shown(pair.substr(0, colon)), " is not an index")};
  if (index == 0) return SparseFault{0, "the index is 0; indices count from 1"};
  if (index > max_width) return SparseFault{index, absl::StrCat("the index is above the limit of ", max_width)};
  if (index <= last_index)
    return SparseFault{index, absl::StrCat("the index follows ", last_index, "; indices must ascend")};
  last_index = index;
  double value = 0;
  const std::string_view text = pair.substr(colon + 1);
  switch (ParseNumber(text, &value)) {
    case NumberKind::kText:
      return SparseFault{index, absl::StrCat(Shown(text), " is not a number")};
    case NumberKind::kNotFinite:
      return SparseFault{index, absl::StrCat(Shown(text), " must be a finite number")};
    case NumberKind::kFinite:
      break;
  }
  if (value == 0) return std::nullopt;
  numbers.indices.push_back(static_cast<uint32_t>(index - 1));
  numbers.values.push_back(value);
  return std::nullopt;
}

}  // namespace

std::optional<SparseFault> ParseSparse(std::string_view text, int64_t max_width, SparseNumbers& numbers) {
  numbers.indices.clear();
  numbers.values.clear();
  int64_t last_index = 0;
  size_t position = text.find_first_not_of(kSpaces);
  while (position != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kSpaces, position), text.size());
    std::optional<SparseFault> fault = ParsePair(text.substr(position, end - position), max_width, numbers, last_index);
    if (fault.has_value()) return fault;
    position = text.find_first_not_of(kSpaces, end);
  }
  return std::nullopt;
}

std::string SparseText(const SparseCells& cells, int64_t row) {
  std::string text;
  for (int64_t k = cells.begin(row); k < cells.end(row); ++k) {
    absl::StrAppend(&text, text.empty() ? "" : " ", int64_t{cells.indices[static_cast<size_t>(k)]} + 1, ":",
                    NumberText(cells.value(k)));
  }
  return text;
}

CellKind SparseKind(const NumberScan& scan) {
  return scan.kind(/*missing_count=*/0) == CellKind::kF64 ? CellKind::kF64 : CellKind::kF32;
}

}  // namespace trainyard
