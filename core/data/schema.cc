#include "core/data/schema.h"

#include <algorithm>

namespace trainyard {
namespace {

template <typename Predicate>
std::optional<int> FindColumn(const std::vector<Column>& columns, Predicate predicate) {
  const auto found = std::find_if(columns.begin(), columns.end(), predicate);
  if (found == columns.end()) return std::nullopt;
  return static_cast<int>(found - columns.begin());
}

}  // namespace

std::optional<int> Schema::Find(std::string_view name) const {
  return FindColumn(columns, [name](const Column& column) { return column.name == name; });
}

std::optional<int> Schema::Find(ColumnRole role) const {
  return FindColumn(columns, [role](const Column& column) { return column.role == role; });
}

}  // namespace trainyard
