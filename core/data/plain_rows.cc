#include "core/data/plain_rows.h"

#include <algorithm>
#include <limits>

#include "core/base/prefetch.h"

namespace trainyard {
namespace {

constexpr size_t kCacheLine = 64;

}  // namespace

void PlainRows::Load(size_t position) {
  if (ends_.empty()) {
    const size_t most = std::min(content_.size(), kWindow) + kDelimiterBlock;
    ends_.resize(1 + most);
    newlines_.resize(most);
    odd_.resize(most);
  }
  start_ = position;
  size_ = std::min(content_.size() - position, kWindow);
  Delimiters found = {ends_.data(), 1, newlines_.data(), 0, odd_.data(), 0};
  find_delimiters_(text(), size_, separator_, found);
  end_count_ = found.end_count;
  newline_count_ = found.newline_count;
  odd_[found.odd_count] = std::numeric_limits<uint32_t>::max();
  next_end_ = 1;
  next_newline_ = next_odd_ = 0;
}

const uint32_t* PlainRows::Find(size_t position, size_t columns) {
  if (position < kRowNumbersReach) return nullptr;
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
  while (odd_[next_odd_] + kDelimiterBlock <= begin) ++next_odd_;
  if (odd_[next_odd_] <= end_) return nullptr;
  const uint32_t* const ends = &ends_[next_end_];
  ends_[next_end_ - 1] = begin - 1;
  if (end_ > begin && text()[end_ - 1] == '\r') --ends_[last];
  next_end_ = last + 1;
  ++next_newline_;
  const size_t rest = content_.size() - start_;
  for (size_t at = begin + kWindow; at < std::min(end_ + kWindow, rest); at += kCacheLine) Prefetch(text() + at);
  return ends;
}

}  // namespace trainyard
