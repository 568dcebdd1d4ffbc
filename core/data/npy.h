// NumPy arrays as np.save writes them (versions 1 to 3): a magic text, the size of the header, the header (a Python dict that tells the
// type of the elements, their order and the shape), the elements. No code is run: arrays of Python objects are refused.

#ifndef TRAINYARD_CORE_DATA_NPY_H_
#define TRAINYARD_CORE_DATA_NPY_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

// All little-endian.
enum class NpyType { kBool, kU8, kI8, kU16, kI16, kU32, kI32, kU64, kI64, kF16, kF32, kF64 };

struct NpyArray {
  NpyType type = NpyType::kF64;
  bool fortran_order = false;  // the first index changes first
  std::vector<int64_t> dimensions;
  std::string_view elements;  // as in the file, as many as the dimensions say

  int64_t item_count() const { return dimensions[0]; }

  // Elements of one item: the product of all dimensions but the first.
  int64_t item_size() const;

  bool floating() const;
};

// Reads `content`, all of it. `name` is what errors call the array. The rank is 1 or more, no dimension is 0.
// INVALID_ARGUMENT (BAD_DATA): it is no such array, not whole, or of other elements.
absl::StatusOr<NpyArray> ReadNpyArray(std::string_view name, std::string_view content);

// Gives the elements of an array's items as numbers, the last index first to change; whole numbers beyond 2^53 as the nearest double.
class NpyDecoder {
 public:
  // The elements must outlive this. Takes 8 bytes for each element of an item.
  explicit NpyDecoder(const NpyArray& array);

  // `numbers` being of item_size.
  void Decode(int64_t item, std::span<double> numbers) const;

 private:
  NpyType type_;
  const char* elements_;
  int64_t item_stride_;           // bytes
  std::vector<int64_t> offsets_;  // bytes from the item's first element, by element
};

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_NPY_H_
