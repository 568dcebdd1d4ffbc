#include "core/data/npy.h"

#include <bit>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "core/base/text.h"
#include "core/data/bad_data.h"
#include "core/data/npy_header.h"

namespace trainyard {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kVersionSize = 2;

struct TypeInfo {
  NpyType type;
  std::string_view descr;
  size_t size;  // bytes of an element
};
constexpr TypeInfo kTypes[] = {
    {NpyType::kBool, "|b1", 1}, {NpyType::kU8, "|u1", 1},  {NpyType::kI8, "|i1", 1},  {NpyType::kU16, "<u2", 2},
    {NpyType::kI16, "<i2", 2},  {NpyType::kU32, "<u4", 4}, {NpyType::kI32, "<i4", 4}, {NpyType::kU64, "<u8", 8},
    {NpyType::kI64, "<i8", 8},  {NpyType::kF16, "<f2", 2}, {NpyType::kF32, "<f4", 4}, {NpyType::kF64, "<f8", 8},
};

const TypeInfo* FindType(std::string_view descr) {
  for (const TypeInfo& info : kTypes) {
    if (info.descr == descr) return &info;
  }
  return nullptr;
}

const TypeInfo& InfoOf(NpyType type) { return kTypes[static_cast<size_t>(type)]; }

absl::Status BadArray(std::string_view name, std::string_view fault) {
  return BadData(absl::StrCat(AbslView(name), ": ", AbslView(fault)));
}

absl::StatusOr<NpyType> TypeOf(std::string_view name, const std::string& descr) {
  if (const TypeInfo* info = FindType(descr)) return info->type;
  const std::string shown = absl::CHexEscape(descr);
  if (descr.ends_with('O')) {
    return BadArray(name, absl::StrCat("it holds Python objects (", shown,
                                       "), which only running code could read; save array.astype('float64')"));
  }
  if (descr.starts_with('>') && FindType(absl::StrCat("<", descr.substr(1))) != nullptr) {
    return BadArray(
        name, absl::StrCat("its numbers are big-endian (", shown, "); save array.astype('<", descr.substr(1), "')"));
  }
  return BadArray(name, absl::StrCat("its elements are of type ", shown,
                                     "; there are b1, u1, u2, u4, u8, i1, i2, i4, i8, f2, f4 and f8"));
}

// The text of the header, and in `size` how many bytes come before the elements.
absl::StatusOr<std::string_view> HeaderText(std::string_view name, std::string_view content, size_t* size) {
  if (!content.starts_with(kMagic) || content.size() < kMagic.size() + kVersionSize) {
    return BadArray(name, "it does not begin as a file of np.save does");
  }
  const int major = static_cast<uint8_t>(content[kMagic.size()]);
  const int minor = static_cast<uint8_t>(content[kMagic.size() + 1]);
  if (major < 1 || major > 3 || minor != 0) {
    return BadArray(name, absl::StrCat("its format has version ", major, ".", minor, "; there are 1.0, 2.0 and 3.0"));
  }
  const std::string_view rest = content.substr(kMagic.size() + kVersionSize);
  const size_t length_size = major == 1 ? 2 : 4;
  uint32_t length = 0;
  if (rest.size() >= length_size) std::memcpy(&length, rest.data(), length_size);
  if (rest.size() < length_size || rest.size() - length_size < length) return BadArray(name, "it ends in its header");
  *size = content.size() - rest.size() + length_size + length;
  return rest.substr(length_size, length);
}

// Checks that the elements are there, all of them and nothing else.
absl::Status CheckSize(std::string_view name, const NpyArray& array) {
  if (array.dimensions.empty()) return BadArray(name, "it is a single number; save an array of rank 2");
  uint64_t size = InfoOf(array.type).size;
  for (size_t i = 0; i < array.dimensions.size(); ++i) {
    if (array.dimensions[i] == 0) return BadArray(name, absl::StrCat("dimension ", i + 1, " is 0"));
    if (__builtin_mul_overflow(size, static_cast<uint64_t>(array.dimensions[i]), &size)) {
      return BadArray(name, "its shape asks for more elements than there can be");
    }
  }
  if (array.elements.size() == size) return absl::OkStatus();
  return BadArray(name,
                  absl::StrCat("its shape asks for ", size, " bytes of elements, it has ", array.elements.size()));
}

struct Half {
  uint16_t bits;

  explicit operator double() const {
    const double sign = bits & 0x8000 ? -1 : 1;
    const int exponent = bits >> 10 & 0x1F;
    const int fraction = bits & 0x3FF;
    if (exponent == 0) return sign * fraction * 0x1.0p-24;
    // In double the exponent's bias is 1,023, here it is 15; 31 marks infinity and NaN.
    const uint64_t wide = exponent == 31 ? 0x7FF : static_cast<uint64_t>(exponent) + 1023 - 15;
    return sign * std::bit_cast<double>(wide << 52 | static_cast<uint64_t>(fraction) << 42);
  }
};

struct Bool {
  uint8_t bits;

  explicit operator double() const { return bits != 0 ? 1 : 0; }
};

template <typename T>
void Gather(const char* bytes, std::span<const int64_t> offsets, std::span<double> numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    T element;
    std::memcpy(&element, bytes + offsets[i], sizeof(element));
    numbers[i] = static_cast<double>(element);
  }
}

}  // namespace

int64_t NpyArray::item_size() const {
  int64_t size = 1;
  for (size_t i = 1; i < dimensions.size(); ++i) size *= dimensions[i];
  return size;
}

bool NpyArray::floating() const { return type == NpyType::kF16 || type == NpyType::kF32 || type == NpyType::kF64; }

absl::StatusOr<NpyArray> ReadNpyArray(std::string_view name, std::string_view content) {
  size_t size = 0;
  ASSIGN_OR_RETURN(const std::string_view text, HeaderText(name, content, &size));
  absl::StatusOr<NpyHeader> header = ParseNpyHeader(text);
  if (!header.ok()) return BadArray(name, absl::StrCat("its header ", header.status().message()));
  NpyArray array;
  ASSIGN_OR_RETURN(array.type, TypeOf(name, header->descr));
  array.fortran_order = header->fortran_order;
  array.dimensions = std::move(header->shape);
  array.elements = content.substr(size);
  RETURN_IF_ERROR(CheckSize(name, array));
  return array;
}

NpyDecoder::NpyDecoder(const NpyArray& array) : type_(array.type), elements_(array.elements.data()) {
  const int64_t size = static_cast<int64_t>(InfoOf(array.type).size);
  const size_t rank = array.dimensions.size();
  item_stride_ = array.fortran_order ? size : size * array.item_size();
  // Bytes between neighbours, by dimension.
  std::vector<int64_t> strides(rank, size);
  for (size_t i = 1; array.fortran_order && i < rank; ++i) strides[i] = strides[i - 1] * array.dimensions[i - 1];
  for (size_t i = rank - 1; !array.fortran_order && i > 0; --i) strides[i - 1] = strides[i] * array.dimensions[i];
  offsets_.resize(static_cast<size_t>(array.item_size()));
  for (size_t element = 0; element < offsets_.size(); ++element) {
    int64_t rest = static_cast<int64_t>(element);
    for (size_t i = rank - 1; i > 0; --i) {
      offsets_[element] += rest % array.dimensions[i] * strides[i];
      rest /= array.dimensions[i];
    }
  }
}

void NpyDecoder::Decode(int64_t item, std::span<double> numbers) const {
  const char* const bytes = elements_ + item * item_stride_;
  switch (type_) {
    case NpyType::kBool:
      return Gather<Bool>(bytes, offsets_, numbers);
    case NpyType::kU8:
      return Gather<uint8_t>(bytes, offsets_, numbers);
    case NpyType::kI8:
      return Gather<int8_t>(bytes, offsets_, numbers);
    case NpyType::kU16:
      return Gather<uint16_t>(bytes, offsets_, numbers);
    case NpyType::kI16:
      return Gather<int16_t>(bytes, offsets_, numbers);
    case NpyType::kU32:
      return Gather<uint32_t>(bytes, offsets_, numbers);
    case NpyType::kI32:
      return Gather<int32_t>(bytes, offsets_, numbers);
    case NpyType::kU64:
      return Gather<uint64_t>(bytes, offsets_, numbers);
    case NpyType::kI64:
      return Gather<int64_t>(bytes, offsets_, numbers);
    case NpyType::kF16:
      return Gather<Half>(bytes, offsets_, numbers);
    case NpyType::kF32:
      return Gather<float>(bytes, offsets_, numbers);
    case NpyType::kF64:
      return Gather<double>(bytes, offsets_, numbers);
  }
}

}  // namespace trainyard
