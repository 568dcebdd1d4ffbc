#include "core/data/missing_cells.h"

#include <algorithm>

#include "core/data/number.h"

namespace trainyard {

MissingCells::MissingCells(const std::vector<std::string>& cells) : cells_(cells.begin(), cells.end()) {
  for (const std::string& cell : cells) {
    if (cell.empty()) continue;
    first_bytes_[static_cast<uint8_t>(cell[0])] = true;
    longest_ = std::max(longest_, cell.size());
  }
  first_bytes_[' '] = true;
  empty_ = cells_.contains("");
  double ignored;
  has_numbers_ = std::any_of(cells.begin(), cells.end(), [&ignored](const std::string& cell) {
    return ParseNumber(cell, &ignored) == NumberKind::kFinite;
  });
}

bool MissingCells::Search(std::string_view cell) const {
  const std::string_view bare = WithoutSpaces(cell);
  if (bare.size() > longest_) return false;
  return cells_.contains(cell) || cells_.contains(bare);
}

}  // namespace trainyard
