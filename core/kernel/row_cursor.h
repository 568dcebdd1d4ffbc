// Several rows of a matrix, walked together.

#ifndef TRAINYARD_CORE_KERNEL_ROW_CURSOR_H_
#define TRAINYARD_CORE_KERNEL_ROW_CURSOR_H_

#include <cstdint>

namespace trainyard::kernel {

// Walks down `rows` rows at once. Few registers address them all: the compiler, which would rather keep one pointer to each row, is kept from
// seeing how the pointers hang together.
template <typename Real, int rows>
class RowCursor {
 public:
  RowCursor(const Real* first, int64_t stride)
      : stride_(stride * static_cast<int64_t>(sizeof(Real))), three_strides_(3 * stride_) {
    const char* at = reinterpret_cast<const char*>(first);
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g, at += kGroup * stride_) groups_[g] = at;
  }

  // Element k of row r, from where the cursor is.
  Real At(int r, int k) const {
    const int within = r % kGroup;
    const int64_t offset = within == 3 ? three_strides_ : within * stride_;
    return *reinterpret_cast<const Real*>(groups_[r / kGroup] + offset + k * sizeof(Real));
  }

  void Advance(int elements) {
#pragma GCC unroll 4
    for (int g = 0; g < kGroups; ++g) {
      groups_[g] += elements * sizeof(Real);
      asm("" : "+r"(groups_[g]));
    }
  }

 private:
  static constexpr int kGroup =
      5;  // rows 0, 1, 2, 3, 4 of a group are what an address can name with one multiple of the stride
  static constexpr int kGroups = (rows + kGroup - 1) / kGroup;

  const char* groups_[kGroups];
  int64_t stride_;
  int64_t three_strides_;
};

}  // namespace trainyard::kernel

#endif  // TRAINYARD_CORE_KERNEL_ROW_CURSOR_H_
