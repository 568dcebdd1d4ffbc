#include <immintrin.h>

#include "core/data/delimiters.h"

namespace trainyard {
namespace {

uint32_t CountOf(uint64_t bits) { return static_cast<uint32_t>(__builtin_popcountll(bits)); }

[[gnu::always_inline]] inline void AddBlock(__m512i block, uint32_t position, char separator, Delimiters& found) {
  const uint64_t newlines = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n'));
  const uint64_t delimiters = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(separator)) | newlines;
  const __m512i lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  uint32_t* ends = found.ends + found.end_count;
  for (uint32_t i = 0; i < 64; i += 16) {
    const __mmask16 here = static_cast<__mmask16>(delimiters >> i);
    const __m512i positions = _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(position + i)));
    _mm512_storeu_si512(ends, _mm512_maskz_compress_epi32(here, positions));
    ends += CountOf(here);
  }
  for (uint64_t rest = newlines; rest != 0; rest &= rest - 1) {
    found.newlines[found.newline_count++] =
        static_cast<uint32_t>(found.end_count) + CountOf(delimiters & ((rest & -rest) - 1));
  }
  found.end_count += CountOf(delimiters);
  const uint64_t odd = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('"')) | _mm512_movepi8_mask(block);
  found.odd[found.odd_count] = position;
  found.odd_count += odd != 0;
}

void Find(const char* text, size_t size, char separator, Delimiters& found) {
  Delimiters local = found;
  size_t position = 0;
  for (; position + kDelimiterBlock <= size; position += kDelimiterBlock) {
    AddBlock(_mm512_loadu_si512(text + position), static_cast<uint32_t>(position), separator, local);
  }
  if (position < size) {
    const __mmask64 rest = (uint64_t{1} << (size - position)) - 1;
    AddBlock(_mm512_maskz_loadu_epi8(rest, text + position), static_cast<uint32_t>(position), separator, local);
  }
  found = local;
}

}  // namespace

FindDelimiters DelimitersByAvx512() { return &Find; }

}  // namespace trainyard
