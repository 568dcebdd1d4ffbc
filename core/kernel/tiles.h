// How rows are cut into tiles whose sums live in registers.

#ifndef TRAINYARD_CORE_KERNEL_TILES_H_
#define TRAINYARD_CORE_KERNEL_TILES_H_

#include <cstdint>
#include <utility>

namespace trainyard::kernel {

// Cuts [0, count) into as few parts of at most `longest` as there can be, whose lengths differ by at most 1: visit(begin, length).
template <typename Visit>
inline void CutEvenly(int64_t count, int64_t longest, Visit visit) {
  if (count <= 0) return;
  if (count <= longest) return visit(0, count);
  const int64_t parts = (count + longest - 1) / longest;
  const int64_t length = count / parts;
  const int64_t longer = count % parts;
  int64_t begin = 0;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t here = length + (part < longer ? 1 : 0);
    visit(begin, here);
    begin += here;
  }
}

// One function for each number of rows, 1 to `count`: Make::template Tile<rows>.
template <typename Make, typename Function, int count>
struct TileTable {
  template <int... rows>
  static constexpr TileTable Of(std::integer_sequence<int, rows...>) {
    return {{&Make::template Tile<rows + 1>...}};
  }
  static constexpr TileTable Of() { return Of(std::make_integer_sequence<int, count>()); }

  constexpr Function operator[](int64_t rows) const { return functions[rows - 1]; }

  Function functions[count];
};

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_TILES_H_
