#include "core/data/delimiters.h"

#include <immintrin.h>

#include <bit>
#include <cstring>

namespace trainyard {
namespace {

// Bit i: byte i of the block is so.
struct BlockMasks {
  uint64_t separator;
  uint64_t newline;
  bool odd;  // any byte
};

BlockMasks MasksOf(const char* block, char separator) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
  const auto mask = [](__m256i bytes) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(bytes)));
  };
  const auto equal = [&](char byte) {
    const __m256i bytes = _mm256_set1_epi8(byte);
    return mask(_mm256_cmpeq_epi8(low, bytes)) | mask(_mm256_cmpeq_epi8(high, bytes)) << 32;
  };
  const uint64_t beyond_ascii = mask(_mm256_or_si256(low, high));
  return {equal(separator), equal('\n'), (equal('"') | beyond_ascii) != 0};
}

void AddBlock(const char* block, uint32_t position, char separator, Delimiters& found) {
  const BlockMasks masks = MasksOf(block, separator);
  uint64_t delimiters = masks.separator | masks.newline;
  const int count = std::popcount(delimiters);
  // Eight at a time without a branch on each: what is written behind the last is written over.
  for (int i = 0; i < count; i += 8) {
    uint32_t* const ends = found.ends + found.end_count + i;
    for (int j = 0; j < 8; ++j) {
      ends[j] = position + static_cast<uint32_t>(std::countr_zero(delimiters));
      delimiters &= delimiters - 1;
    }
  }
  for (uint64_t newlines = masks.newline; newlines != 0; newlines &= newlines - 1) {
    const uint64_t before = (masks.separator | masks.newline) & ((newlines & -newlines) - 1);
    found.newlines[found.newline_count++] =
        static_cast<uint32_t>(found.end_count) + static_cast<uint32_t>(std::popcount(before));
  }
  found.end_count += static_cast<size_t>(count);
  if (masks.odd) found.odd[found.odd_count++] = position;
}

void Find(const char* text, size_t size, char separator, Delimiters& found) {
  size_t position = 0;
  for (; position + kDelimiterBlock <= size; position += kDelimiterBlock) {
    AddBlock(text + position, static_cast<uint32_t>(position), separator, found);
  }
  if (position == size) return;
  char padded[kDelimiterBlock] = {};
  std::memcpy(padded, text + position, size - position);
  AddBlock(padded, static_cast<uint32_t>(position), separator, found);
}

}  // namespace

FindDelimiters DelimitersByAvx2() { return &Find; }

FindDelimiters DelimitersBy(InstructionSet set) {
  return set == InstructionSet::kAvx512 ? DelimitersByAvx512() : DelimitersByAvx2();
}

FindDelimiters BestDelimiters() {
  static const FindDelimiters best = DelimitersBy(ChosenInstructionSet());
  return best;
}

}  // namespace trainyard
