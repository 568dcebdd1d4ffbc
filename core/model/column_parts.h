// How the columns of a product are shared out among a crew.

#ifndef TRAINYARD_CORE_MODEL_COLUMN_PARTS_H_
#define TRAINYARD_CORE_MODEL_COLUMN_PARTS_H_

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/crew.h"
#include "core/base/matrix.h"
#include "core/kernel/panels.h"

namespace trainyard {

// Multiply-adds of a part that is claimed at once, about 10 us; and whether a phase of so many is long enough to be split.
inline constexpr int64_t kPartWork = int64_t{1} << 20;
constexpr bool IsWorthACrew(int64_t multiply_adds) { return multiply_adds >= 6 * kPartWork; }

// Whole panels, so that each part is a product of its own.
class ColumnParts {
 public:
  // `depth`: multiply-adds of a column. Without a crew, or where it would not be worth their coming, all columns are one part.
  ColumnParts(const Crew* crew, int64_t columns, int64_t depth) : columns_(columns), width_(columns) {
    if (crew == nullptr || columns <= kPanelWidth || !IsWorthACrew(columns * depth)) return;
    const int64_t panels = std::max<int64_t>(kPartWork / (kPanelWidth * depth), 1);
    width_ = panels * kPanelWidth;
    count_ = std::max<int64_t>((columns + width_ - 1) / width_, 1);
    // So few columns would be summed in two chains.
    if (columns - (count_ - 1) * width_ <= kLanes) --count_;
  }

  int64_t count() const { return count_; }
  std::pair<int64_t, int64_t> Of(int64_t part) const {
    return {part * width_, part + 1 == count_ ? columns_ : (part + 1) * width_};
  }

 private:
  int64_t columns_;
  int64_t width_;
  int64_t count_ = 1;
};

template <typename T>
MatrixView<T> ColumnsOf(MatrixView<T> matrix, int64_t begin, int64_t end) {
  return {matrix.data + begin, matrix.rows, end - begin, matrix.stride};
}

}  // namespace trainyard

#endif  // TRAINYARD_CORE_MODEL_COLUMN_PARTS_H_
