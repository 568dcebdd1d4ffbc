// IDX arrays, the format of MNIST (LeCun, Cortes, Burges): two zero bytes, the type of the elements, the rank, the dimensions (32 bits
// each), the elements. All of it big-endian.

#ifndef TRAINYARD_CORE_DATA_IDX_H_
#define TRAINYARD_CORE_DATA_IDX_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace trainyard {

enum class IdxType : uint8_t { kUbyte = 0x08, kByte = 0x09, kShort = 0x0B, kInt = 0x0C, kFloat = 0x0D, kDouble = 0x0E };

struct IdxArray {
  IdxType type = IdxType::kUbyte;
  std::vector<int64_t> dimensions;
  int64_t item_size = 0;      // elements of one item: the product of all dimensions but the first
  std::string_view elements;  // as in the file

  int64_t item_count() const { return dimensions[0]; }

  // Writes the elements of one item as numbers, `numbers` being of item_size.
  void Decode(int64_t item, std::span<double> numbers) const;
};

// Reads the array at `offset` and moves `offset` behind it. INVALID_ARGUMENT (BAD_DATA): there is none, or it is not whole.
absl::StatusOr<IdxArray> ReadIdxArray(std::string_view content, size_t* offset);

}  // namespace trainyard

#endif  // TRAINYARD_CORE_DATA_IDX_H_
