#include "core/data/idx.h"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/data/bad_data.h"

namespace trainyard {
namespace {

constexpr size_t kMagicSize = 4;

std::optional<size_t> ElementSize(IdxType type) {
  switch (type) {
    case IdxType::kUbyte:
    case IdxType::kByte:
      return 1;
    case IdxType::kShort:
      return 2;
    case IdxType::kInt:
    case IdxType::kFloat:
      return 4;
    case IdxType::kDouble:
      return 8;
  }
  return std::nullopt;
}

uint64_t BigEndian(const char* bytes, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// Element i is convert(bits of element i).
template <size_t kSize, typename Convert>
void DecodeAll(const char* bytes, std::span<double> numbers, Convert convert) {
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = convert(BigEndian(bytes + i * kSize, kSize));
}

absl::Status BadArray(size_t offset, std::string_view fault) {
  return BadData(absl::StrCat("the IDX array at byte ", offset, ": ", std::string(fault)));
}

// a * b, or the largest number where that is too large.
uint64_t Product(uint64_t a, uint64_t b) {
  uint64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<uint64_t>::max() : product;
}

}  // namespace

void IdxArray::Decode(int64_t item, std::span<double> numbers) const {
  const char* const bytes = elements.data() + static_cast<size_t>(item * item_size) * *ElementSize(type);
  switch (type) {
    case IdxType::kUbyte:
      return DecodeAll<1>(bytes, numbers, [](uint64_t bits) { return static_cast<double>(bits); });
    case IdxType::kByte:
      return DecodeAll<1>(bytes, numbers, [](uint64_t bits) { return static_cast<double>(static_cast<int8_t>(bits)); });
    case IdxType::kShort:
      return DecodeAll<2>(bytes, numbers,
                          [](uint64_t bits) { return static_cast<double>(static_cast<int16_t>(bits)); });
    case IdxType::kInt:
      return DecodeAll<4>(bytes, numbers,
                          [](uint64_t bits) { return static_cast<double>(static_cast<int32_t>(bits)); });
    case IdxType::kFloat:
      return DecodeAll<4>(bytes, numbers, [](uint64_t bits) {
        return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      });
    case IdxType::kDouble:
      return DecodeAll<8>(bytes, numbers, [](uint64_t bits) { return std::bit_cast<double>(bits); });
  }
}

absl::StatusOr<IdxArray> ReadIdxArray(std::string_view content, size_t* offset) {
  const std::string_view bytes = content.substr(*offset);
  if (bytes.size() < kMagicSize || bytes[0] != 0 || bytes[1] != 0) {
    return BadArray(*offset, "it does not begin with two zero bytes, the type of its elements and its rank");
  }
  IdxArray array;
  array.type = static_cast<IdxType>(bytes[2]);
  const std::optional<size_t> element_size = ElementSize(array.type);
  if (!element_size.has_value()) {
    return BadArray(*offset, absl::StrCat("0x", absl::Hex(static_cast<uint8_t>(bytes[2]), absl::kZeroPad2),
                                          " is no type of elements; there are 0x08, 0x09, 0x0b, 0x0c, 0x0d and 0x0e"));
  }
  const size_t rank = static_cast<uint8_t>(bytes[3]);
  if (rank == 0) return BadArray(*offset, "its rank is 0");
  const size_t head_size = kMagicSize + 4 * rank;
  if (bytes.size() < head_size) return BadArray(*offset, "it ends within its dimensions");

  uint64_t item_size = 1;
  for (size_t i = 0; i < rank; ++i) {
    const uint64_t dimension = BigEndian(bytes.data() + kMagicSize + 4 * i, 4);
    array.dimensions.push_back(static_cast<int64_t>(dimension));
    if (dimension == 0) return BadArray(*offset, absl::StrCat("dimension ", i + 1, " is 0"));
    if (i > 0) item_size = Product(item_size, dimension);
  }
  const uint64_t size = Product(Product(item_size, static_cast<uint64_t>(array.item_count())), *element_size);
  if (bytes.size() - head_size < size) {
    const uint64_t whole = (bytes.size() - head_size) / *element_size;
    return BadCell(static_cast<int64_t>(whole / item_size) + 1, static_cast<int64_t>(whole % item_size) + 1,
                   absl::StrCat("the IDX array at byte ", *offset, " ends here; its dimensions ask for ",
                                array.item_count(), " items"));
  }
  array.item_size = static_cast<int64_t>(item_size);
  array.elements = bytes.substr(head_size, size);
  *offset += head_size + size;
  return array;
}

}  // namespace trainyard
