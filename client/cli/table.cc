#include "client/cli/table.h"

#include <algorithm>

#include "client/cli/text.h"

namespace trainyard::cli {
namespace {

std::string Padding(int columns) { return std::string(static_cast<size_t>(std::max(columns, 0)), ' '); }

}  // namespace

TextTable::TextTable(const std::vector<std::string>& titles, const std::set<size_t>& right_aligned)
    : right_aligned_(right_aligned) {
  AddRow(titles);
}

void TextTable::AddRow(const std::vector<std::string>& cells) {
  std::vector<std::string>& row = rows_.emplace_back();
  for (const std::string& cell : cells) row.push_back(Printable(cell));
}

void TextTable::Print(std::ostream& out) const {
  std::vector<int> widths(rows_.front().size(), 0);
  for (const std::vector<std::string>& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  }
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding = Padding(widths[i] - DisplayWidth(row[i]));
      if (i > 0) line += "  ";
      line += right_aligned_.contains(i) ? padding + row[i] : row[i] + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
}

void PropertyList::Add(const std::string& name, const std::string& value) {
  if (!value.empty()) properties_.emplace_back(name, Printable(value));
}

void PropertyList::Print(std::ostream& out) const {
  int width = 0;
  for (const auto& [name, value] : properties_) width = std::max(width, DisplayWidth(name));
  for (const auto& [name, value] : properties_) out << name << Padding(width - DisplayWidth(name) + 2) << value << '\n';
}

}  // namespace trainyard::cli
