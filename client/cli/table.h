// Text in aligned columns.

#ifndef TRAINYARD_CLIENT_CLI_TABLE_H_
#define TRAINYARD_CLIENT_CLI_TABLE_H_

#include <cstddef>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace trainyard::cli {

class TextTable {
 public:
  // Columns whose numbers (from 0) are in `right_aligned` have their cells at the right.
  explicit TextTable(const std::vector<std::string>& titles, const std::set<size_t>& right_aligned = {});

  // As many cells as titles; control characters are taken out.
  void AddRow(const std::vector<std::string>& cells);

  bool empty() const { return rows_.size() == 1; }

  // Two spaces between columns, none at the ends of lines.
  void Print(std::ostream& out) const;

 private:
  const std::set<size_t> right_aligned_;
  // The titles first.
  std::vector<std::vector<std::string>> rows_;
};

// Names and values, one pair a line.
class PropertyList {
 public:
  // Left out where the value is empty.
  void Add(const std::string& name, const std::string& value);
  void Print(std::ostream& out) const;

 private:
  std::vector<std::pair<std::string, std::string>> properties_;
};

}  // namespace trainyard::cli

#endif  // TRAINYARD_CLIENT_CLI_TABLE_H_
