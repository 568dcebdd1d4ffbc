// Which cells of a text file count as missing: those that the reader of the data set named.

#ifndef TRAINYARD_CORE_DATA_MISSING_CELLS_H_
#define TRAINYARD_CORE_DATA_MISSING_CELLS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace trainyard {

// Most cells fail at their first byte.
class MissingCells {
 public:
  // `cells` must outlive this.
  explicit MissingCells(const std::vector<std::string>& cells);

  // Among them are numbers.
  bool HasNumbers() const { return has_numbers_; }

  bool Contains(std::string_view cell) const {
    if (cell.empty()) return empty_;
    return first_bytes_[static_cast<uint8_t>(cell[0])] && Search(cell);
  }

 private:
  bool Search(std::string_view cell) const;

  std::unordered_set<std::string_view> cells_;
  std::array<bool, 256> first_bytes_{};
  size_t longest_ = 0;
  bool empty_ = false;
  bool has_numbers_ = false;
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_MISSING_CELLS_H_
