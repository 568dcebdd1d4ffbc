#include "core/data/plain_rows.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace trainyard {
namespace {

// Bit i: byte i of the block is so.
struct PlainMasks {
  uint64_t separator;
  uint64_t newline;
  bool odd;  // any byte
};

PlainMasks PlainMasksOf(const char* block, char separator) {
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

}  // namespace

void PlainRows::LoadBlock(size_t offset) {
  const size_t rest = size_ - offset;
  const char* bytes = text() + offset;
  char padded[kBlock] = {};
  if (rest < kBlock) {
    std::memcpy(padded, bytes, rest);
    bytes = padded;
  }
  const PlainMasks masks = PlainMasksOf(bytes, separator_);
  uint64_t delimiters = masks.separator | masks.newline;
  const int count = std::popcount(delimiters);
  // Eight at a time without a branch on each: what is written behind the last is written over.
  for (int i = 0; i < count; i += 8) {
    uint32_t* const ends = &ends_[end_count_ + static_cast<size_t>(i)];
    for (int j = 0; j < 8; ++j) {
      ends[j] = static_cast<uint32_t>(offset) + static_cast<uint32_t>(std::countr_zero(delimiters));
      delimiters &= delimiters - 1;
    }
  }
  for (uint64_t newlines = masks.newline; newlines != 0; newlines &= newlines - 1) {
    const uint64_t before = (masks.separator | masks.newline) & ((newlines & -newlines) - 1);
    newlines_[newline_count_++] = static_cast<uint32_t>(end_count_) + static_cast<uint32_t>(std::popcount(before));
  }
  end_count_ += static_cast<size_t>(count);
  if (masks.odd) odd_[odd_count_++] = static_cast<uint32_t>(offset);
}

void PlainRows::Load(size_t position) {
  ends_.resize(1 + kWindow + kBlock);
  newlines_.resize(kWindow);
  odd_.resize(kWindow / kBlock + 1);
  start_ = position;
  size_ = std::min(content_.size() - position, kWindow);
  end_count_ = 1;
  newline_count_ = odd_count_ = 0;
  for (size_t offset = 0; offset < size_; offset += kBlock) LoadBlock(offset);
  odd_[odd_count_] = std::numeric_limits<uint32_t>::max();
  next_end_ = 1;
  next_newline_ = next_odd_ = 0;
}

const uint32_t* PlainRows::Find(size_t position, size_t columns) {
  if (position < kFourNumbersReach) return nullptr;
  if (position >= start_ + size_) Load(position);
  uint32_t begin = static_cast<uint32_t>(position - start_);
  const auto skip = [&] {
    while (next_end_ < end_count_ && ends_[next_end_] < begin) ++next_end_;
    while (next_newline_ < newline_count_ && newlines_[next_newline_] < next_end_) ++next_newline_;
    return next_newline_ < newline_count_;
  };
  if (!skip()) {
    if (begin == 0 || start_ + size_ == content_.size()) return nullptr;
    Load(position);
    begin = 0;
    if (!skip()) return nullptr;
  }
  const size_t last = newlines_[next_newline_];
  if (last - next_end_ + 1 != columns) return nullptr;
  end_ = ends_[last];
  while (odd_[next_odd_] + kBlock <= begin) ++next_odd_;
  if (odd_[next_odd_] <= end_) return nullptr;
  const uint32_t* const ends = &ends_[next_end_];
  ends_[next_end_ - 1] = begin - 1;
  if (end_ > begin && text()[end_ - 1] == '\r') --ends_[last];
  next_end_ = last + 1;
  ++next_newline_;
  return ends;
}

}  // namespace trainyard
